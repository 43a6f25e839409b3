#include "crypto/pkcs11_session_pool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::crypto {
namespace {

// A token that comes back is seen within seconds; one that hangs does not take
// a thread after the other with it.
constexpr absl::Duration kFirstPause = absl::Milliseconds(250);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

Pkcs11SessionPool::Pkcs11SessionPool(std::shared_ptr<Pkcs11Module> module,
                                     Pkcs11Uri uri, base::Secret pin,
                                     const Options& options)
    : module_(std::move(module)),
      uri_(std::move(uri)),
      options_(options),
      clock_(options.clock == nullptr ? base::SystemClock() : *options.clock),
      pin_(std::move(pin), uri_, options.try_final_pin),
      connecting_(clock_, {.failures = 1,
                           .first_pause = kFirstPause,
                           .longest_pause = kLongestPause}),
      max_sessions_(options.max_sessions) {}

absl::StatusOr<std::unique_ptr<Pkcs11SessionPool>> Pkcs11SessionPool::Open(
    std::shared_ptr<Pkcs11Module> module, Pkcs11Uri uri, base::Secret pin,
    Options options) {
  std::unique_ptr<Pkcs11SessionPool> pool(new Pkcs11SessionPool(
      std::move(module), std::move(uri), std::move(pin), options));
  RETURN_IF_ERROR(pool->Reconnect(0));
  return pool;
}

Pkcs11SessionPool::~Pkcs11SessionPool() {
  base::MutexLock lock(mu_);
  for (const CK_SESSION_HANDLE session : idle_) {
    (*module_)->C_CloseSession(session);
  }
  if (anchor_ != CK_INVALID_HANDLE) (*module_)->C_CloseSession(anchor_);
}

absl::Status Pkcs11SessionPool::Waited(absl::string_view what) const {
  return absl::UnavailableError(absl::StrCat("token \"", uri_.text,
                                             "\": ", what, " for ",
                                             options_.wait.count(), " ms"));
}

bool Pkcs11SessionPool::HasAll(const Share* share) const {
  if (share == nullptr || max_sessions_ < 2) return false;
  const int others = max_sessions_ < 8 ? 1 : max_sessions_ / 4;
  return share->lent_ >= max_sessions_ - others;
}

absl::StatusOr<Pkcs11SessionPool::Lease> Pkcs11SessionPool::Claim(
    Share* share, Deadline deadline, CK_SLOT_ID& slot) {
  for (;;) {
    uint64_t epoch;
    {
      base::MutexLock lock(mu_);
      while (reconnecting_ ||
             (connected_ &&
              (HasAll(share) || (idle_.empty() && open_ >= max_sessions_)))) {
        if (!changed_.WaitUntil(mu_, deadline) &&
            std::chrono::steady_clock::now() >= deadline) {
          if (connected_ && HasAll(share)) {
            return absl::DeadlineExceededError(
                absl::StrCat(share->lent_, " operations did not come back in ",
                             options_.wait.count(), " ms"));
          }
          return Waited("no session was free");
        }
      }
      epoch = epoch_;
      slot = slot_;
      if (connected_) {
        ++lent_;
        if (share != nullptr) ++share->lent_;
        if (idle_.empty()) {
          ++open_;
          return Lease(this, share, CK_INVALID_HANDLE, epoch);
        }
        const CK_SESSION_HANDLE session = idle_.back();
        idle_.pop_back();
        return Lease(this, share, session, epoch);
      }
    }
    RETURN_IF_ERROR(Reconnect(epoch));
  }
}

absl::StatusOr<Pkcs11SessionPool::Lease> Pkcs11SessionPool::Take(Share* share) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.wait;
  for (bool reconnected = false;;) {
    uint64_t epoch;
    absl::Status opened;
    {
      CK_SLOT_ID slot;
      ASSIGN_OR_RETURN(Lease lease, Claim(share, deadline, slot));
      if (lease.session() != CK_INVALID_HANDLE) return lease;
      epoch = lease.epoch();
      opened = Pkcs11Status(
          (*module_)->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr,
                                    &lease.session_),
          absl::StrCat("token \"", uri_.text, "\": opening a session"));
      if (opened.ok()) return lease;
      lease.session_ = CK_INVALID_HANDLE;
      lease.Discard();
      if (absl::IsResourceExhausted(opened) && LowerMaximum()) continue;
    }
    if (!absl::IsUnavailable(opened) || reconnected) return opened;
    reconnected = true;
    RETURN_IF_ERROR(Reconnect(epoch));
  }
}

// The token has no session more to give than are open: use those. False if
// there are none.
bool Pkcs11SessionPool::LowerMaximum() {
  base::MutexLock lock(mu_);
  if (open_ <= 1) return false;
  max_sessions_ = open_ - 1;
  return true;
}

void Pkcs11SessionPool::Return(const Lease& lease) {
  bool close;
  {
    base::MutexLock lock(mu_);
    // Reconnect waits for all leases, so this one is of the current epoch.
    --lent_;
    if (lease.share_ != nullptr) --lease.share_->lent_;
    close = lease.discarded_;
    if (close) {
      --open_;
    } else {
      idle_.push_back(lease.session_);
    }
  }
  changed_.NotifyAll();
  if (close && lease.session_ != CK_INVALID_HANDLE) {
    (*module_)->C_CloseSession(lease.session_);
  }
}

absl::Status Pkcs11SessionPool::Reconnect(uint64_t lost_epoch) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.wait;
  {
    base::MutexLock lock(mu_);
    while (reconnecting_) {
      if (!changed_.WaitUntil(mu_, deadline) &&
          std::chrono::steady_clock::now() >= deadline) {
        return Waited("another thread was connecting");
      }
    }
    if (connected_ && epoch_ != lost_epoch) return absl::OkStatus();
    RETURN_IF_ERROR(connecting_.Admit());
    reconnecting_ = true;
    connected_ = false;
    while (lent_ > 0) {
      if (!changed_.WaitUntil(mu_, deadline) &&
          std::chrono::steady_clock::now() >= deadline) {
        reconnecting_ = false;
        changed_.NotifyAll();
        const absl::Status waited = Waited("a lost session was not returned");
        connecting_.Failed(waited);
        return waited;
      }
    }
    // They may be gone already; then this does nothing.
    for (const CK_SESSION_HANDLE session : idle_) {
      (*module_)->C_CloseSession(session);
    }
    idle_.clear();
    open_ = 0;
    if (anchor_ != CK_INVALID_HANDLE) (*module_)->C_CloseSession(anchor_);
    anchor_ = CK_INVALID_HANDLE;
  }

  const absl::StatusOr<Connection> connection = Connect();
  base::MutexLock lock(mu_);
  reconnecting_ = false;
  changed_.NotifyAll();
  if (!connection.ok()) {
    // A token that refuses its PIN is there; and to say so again costs it
    // nothing.
    if (absl::IsPermissionDenied(connection.status())) {
      connecting_.Succeeded();
    } else {
      connecting_.Failed(connection.status());
    }
    // Whoever wanted a signature asked for nothing that was not found.
    if (absl::IsNotFound(connection.status()) && epoch_ > 0) {
      return absl::UnavailableError(connection.status().message());
    }
    return connection.status();
  }
  connecting_.Succeeded();
  connections_.fetch_add(1, std::memory_order_relaxed);
  connected_ = true;
  ++epoch_;
  slot_ = connection->slot;
  anchor_ = connection->session;
  return absl::OkStatus();
}

absl::StatusOr<Pkcs11SessionPool::Connection> Pkcs11SessionPool::Connect() {
  RETURN_IF_ERROR(pin_.CheckNotRefused());
  RETURN_IF_ERROR(module_->Initialize());
  Connection connection{};
  ASSIGN_OR_RETURN(const Pkcs11Module::Slot slot, module_->FindSlot(uri_));
  connection.slot = slot.id;
  RETURN_IF_ERROR(Pkcs11Status(
      (*module_)->C_OpenSession(connection.slot, CKF_SERIAL_SESSION, nullptr,
                                nullptr, &connection.session),
      absl::StrCat("token \"", uri_.text, "\": opening a session")));
  const absl::Status login =
      pin_.Login(*module_, connection.slot, connection.session);
  if (login.ok()) return connection;
  (*module_)->C_CloseSession(connection.session);
  return login;
}

absl::Status Pkcs11SessionPool::LoginForOperation(CK_SESSION_HANDLE session) {
  return pin_.LoginForOperation(*module_, session);
}

absl::StatusOr<CK_SESSION_HANDLE> Pkcs11SessionPool::OpenReadWrite() {
  CK_SLOT_ID slot;
  {
    base::MutexLock lock(mu_);
    slot = slot_;
  }
  CK_SESSION_HANDLE session;
  RETURN_IF_ERROR(Pkcs11Status(
      (*module_)->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                nullptr, nullptr, &session),
      absl::StrCat("token \"", uri_.text, "\": opening a session to write")));
  return session;
}

}  // namespace chancery::crypto
