// Logged-in sessions with one token.
#ifndef CHANCERY_CRYPTO_PKCS11_SESSION_POOL_H_
#define CHANCERY_CRYPTO_PKCS11_SESSION_POOL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "crypto/breaker.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_pin.h"
#include "crypto/pkcs11_uri.h"

namespace chancery::crypto {

// A session does one operation at a time, so each thread that signs borrows
// one: the last returned first, so that few stay in use; at most
// `max_sessions`, and who finds none free waits.
//
// All sessions of an epoch were opened after the same login. When the token
// loses them (unplugged, reset, restarted), Reconnect starts a new epoch, in
// which sessions and object handles of older ones mean nothing; the token may
// have come back in another slot. While it does not come back, an attempt is
// made after pauses only, and everybody else is refused at once. Thread-safe.
class Pkcs11SessionPool {
 public:
  struct Options {
    int max_sessions = 16;
    std::chrono::milliseconds wait{10'000};  // For a free session.
    const base::Clock* clock = nullptr;      // Null: the system's.
    bool try_final_pin = false;              // See Pkcs11Pin.
  };

  // What one key has on loan. A key whose operations do not come back gets at
  // most three quarters of the sessions (of fewer than eight, all but one), so
  // that other keys still have some.
  class Share {
   private:
    friend class Pkcs11SessionPool;
    int lent_ = 0;  // Guarded by the pool's mutex.
  };

  // Connects to the token that `uri` describes and logs in. Errors are those of
  // Pkcs11Module::FindSlot and Pkcs11Status.
  static absl::StatusOr<std::unique_ptr<Pkcs11SessionPool>> Open(
      std::shared_ptr<Pkcs11Module> module, Pkcs11Uri uri, base::Secret pin,
      Options options);
  ~Pkcs11SessionPool();
  Pkcs11SessionPool(const Pkcs11SessionPool&) = delete;
  Pkcs11SessionPool& operator=(const Pkcs11SessionPool&) = delete;

  // A session on loan; it goes back when this goes. The pool must outlive it.
  class Lease {
   public:
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          share_(other.share_),
          session_(other.session_),
          epoch_(other.epoch_),
          discarded_(other.discarded_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->Return(*this);
    }
    CK_SESSION_HANDLE session() const { return session_; }
    uint64_t epoch() const { return epoch_; }
    // After an error: an operation may still be active in it, so close it.
    void Discard() { discarded_ = true; }

   private:
    friend class Pkcs11SessionPool;
    Lease(Pkcs11SessionPool* pool, Share* share, CK_SESSION_HANDLE session,
          uint64_t epoch)
        : pool_(pool), share_(share), session_(session), epoch_(epoch) {}
    Pkcs11SessionPool* pool_;
    Share* share_;
    CK_SESSION_HANDLE session_;
    uint64_t epoch_;
    bool discarded_ = false;
  };

  // Unavailable if none became free in time, or the token is gone;
  // DeadlineExceeded if `share`, which must outlive the lease, had all that it
  // may and nothing of it came back in time; PermissionDenied as Pkcs11Pin.
  absl::StatusOr<Lease> Take(Share* share = nullptr);

  // To be called without a lease after Unavailable from an operation in
  // `lost_epoch`: closes all sessions once they are returned, finds the token
  // again and logs in. OK at once if another thread has done it meanwhile.
  // PermissionDenied as Pkcs11Pin; Unavailable if the token is still away, or
  // an attempt failed so lately that none is made.
  absl::Status Reconnect(uint64_t lost_epoch);

  // A read-write session besides the pool's; the caller closes it.
  absl::StatusOr<CK_SESSION_HANDLE> OpenReadWrite();

  // Login for one operation of a key with CKA_ALWAYS_AUTHENTICATE.
  absl::Status LoginForOperation(CK_SESSION_HANDLE session);

  // For the breakers of the token's keys.
  const base::Clock& clock() const { return clock_; }
  std::atomic<int>& failing_keys() { return failing_keys_; }

  // How often a connection was made: 1 unless the token was lost.
  uint64_t connections() const { return connections_; }

  const Pkcs11Module& module() const { return *module_; }
  const Pkcs11Uri& uri() const { return uri_; }

 private:
  Pkcs11SessionPool(std::shared_ptr<Pkcs11Module> module, Pkcs11Uri uri,
                    base::Secret pin, const Options& options);

  using Deadline = std::chrono::steady_clock::time_point;
  struct Connection {
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
  };

  // A lease whose session is CK_INVALID_HANDLE is one that may be opened.
  absl::StatusOr<Lease> Claim(Share* share, Deadline deadline,
                              CK_SLOT_ID& slot);
  bool HasAll(const Share* share) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool LowerMaximum();
  absl::StatusOr<Connection> Connect();
  absl::Status Waited(absl::string_view what) const;
  void Return(const Lease& lease);

  const std::shared_ptr<Pkcs11Module> module_;
  const Pkcs11Uri uri_;
  const Options options_;
  const base::Clock& clock_;
  Pkcs11Pin pin_;
  Breaker connecting_;  // Whether it is worth while.
  std::atomic<int> failing_keys_ = 0;
  std::atomic<uint64_t> connections_ = 0;

  base::Mutex mu_;
  base::CondVar changed_;
  std::vector<CK_SESSION_HANDLE> idle_ ABSL_GUARDED_BY(mu_);
  // Never lent: a token logs out when its last session is closed.
  CK_SESSION_HANDLE anchor_ ABSL_GUARDED_BY(mu_) = CK_INVALID_HANDLE;
  int open_ ABSL_GUARDED_BY(mu_) = 0;  // Idle, lent or being opened.
  int lent_ ABSL_GUARDED_BY(mu_) = 0;  // Lent or being opened.
  int max_sessions_ ABSL_GUARDED_BY(mu_);
  uint64_t epoch_ ABSL_GUARDED_BY(mu_) = 0;
  CK_SLOT_ID slot_ ABSL_GUARDED_BY(mu_) = 0;
  bool connected_ ABSL_GUARDED_BY(mu_) = false;
  bool reconnecting_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_SESSION_POOL_H_
