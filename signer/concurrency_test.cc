// All calls of the signer at once, on few blocks so that they meet.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/mutex.h"
#include "base/testing/status_matchers.h"
#include "block/block.h"
#include "block/delta.h"
#include "block/manifest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/block_signer.h"
#include "signer/requests.h"
#include "signer/testing/ledger_rules.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using testing::SignerWorld;

// Runs `work(0)` to `work(count - 1)`, each in a thread of its own.
void Together(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

// Everything that left the signer. Thread-safe.
class Released {
 public:
  // What one reply said. `index`: the entry that it must reflect.
  void Add(const std::vector<block::Update>& updates, uint64_t index) {
    base::MutexLock lock(mu_);
    EXPECT_FALSE(updates.empty());
    for (const block::Update& update : updates) AddOne(update);
    if (updates.empty()) return;
    // TRUST 8: the reply has the record that its call led to.
    EXPECT_GT(ManifestOf(updates.back()).ledger_size, index);
  }

 private:
  static block::Manifest ManifestOf(const block::Update& update) {
    if (!update.is_delta())
      return *block::ManifestOf(base::AsBytes(update.content));
    return block::Delta::Parse(base::AsBytes(update.content))->manifest;
  }
  // TRUST 2.6: "Never two manifests for one (block, version)".
  void AddOne(const block::Update& update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const std::string manifest = block::EncodeManifest(ManifestOf(update));
    const auto [at, added] = manifests_.emplace(
        std::make_pair(update.block_id, update.version), manifest);
    EXPECT_TRUE(added || at->second == manifest)
        << "two manifests of version " << update.version;
  }

  base::Mutex mu_;
  std::map<std::pair<std::string, uint64_t>, std::string> manifests_
      ABSL_GUARDED_BY(mu_);
};

class ConcurrencyTest : public ::testing::Test {
 protected:
  absl::StatusOr<Issued> Issue(const std::string& request_id,
                               const std::string& csr = "") {
    return world_.signer.issuance().Issue(
        {.asker = SignerWorld::Ask(request_id),
         .issuer = "issuing",
         .profile = "server",
         .csr = csr.empty() ? world_.CsrOf(request_id) : csr});
  }
  absl::StatusOr<Revoked> Revoke(const std::string& request_id,
                                 const std::string& serial, int reason) {
    return world_.signer.revocation().Revoke(
        {.asker = SignerWorld::Ask(request_id),
         .issuer = "issuing",
         .serial = serial,
         .reason = reason,
         .revoked_at = {}});
  }
  std::vector<ListedBlock> Blocks() {
    const auto list = world_.signer.blocks().ListBlocks(0);
    EXPECT_THAT(list, IsOk());
    return list->blocks;
  }

  // TRUST 2.1, 2.2, 2.7: after all of it ledger, records and CRL agree, as
  // OpenSSL reads them.
  void ExpectAllAgree(const std::map<std::string, bool>& revoked_by_serial) {
    for (const ListedBlock& block : Blocks()) {
      const auto updates = world_.signer.blocks().GetBlock(block.block_id, 0);
      ASSERT_THAT(updates, IsOk());
      ASSERT_THAT(world_.reader.Take(updates->updates), IsOk());
    }
    const auto made = world_.SignCrl();
    ASSERT_THAT(made, IsOk());
    const auto crl = world_.openssl.ReadCrl(made->der);
    EXPECT_TRUE(crl.verified);
    for (const auto& [serial, revoked] : revoked_by_serial) {
      EXPECT_EQ(world_.State(serial).status == CertificateStatus::kRevoked,
                revoked);
      EXPECT_EQ(world_.Answer(serial).status, revoked ? "revoked" : "good");
      EXPECT_EQ(crl.entries.count(serial), revoked ? 1u : 0u);
    }
    testing::ExpectLedgerKeepsTheRules(world_.signer.ledger(), world_.disk);
  }

  SignerWorld world_;
};

TEST_F(ConcurrencyTest, WhateverIsCalledAtOnceTheAnswersAgree) {
  constexpr int kRounds = 12;
  Released released;
  base::Mutex mu;
  std::map<std::string, bool> revoked_by_serial;
  std::set<uint64_t> crl_numbers;
  const auto issue_and_revoke = [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const std::string id = absl::StrCat(thread, "-", i);
      const auto issued = Issue(id);
      ASSERT_THAT(issued, IsOk());
      released.Add(issued->updates, issued->ledger_index);
      const bool revoke = i % 2 == 0;
      if (revoke) {
        const auto revoked = Revoke(absl::StrCat("revoke ", id), issued->serial,
                                    i % 4 == 0 ? 1 : 6);
        ASSERT_THAT(revoked, IsOk());
        released.Add(revoked->updates, revoked->ledger_index);
        if (i % 4 != 0) {
          const auto again =
              Revoke(absl::StrCat("again ", id), issued->serial, 4);
          ASSERT_THAT(again, IsOk());
          released.Add(again->updates, again->ledger_index);
        }
      }
      base::MutexLock lock(mu);
      EXPECT_TRUE(revoked_by_serial.emplace(issued->serial, revoke).second);
    }
  };
  const auto sign_blocks = [&] {
    for (int i = 0; i < kRounds; ++i) {
      for (const ListedBlock& block : Blocks()) {
        const auto updates =
            i % 2 == 0 ? world_.signer.blocks().SignBlock(block.block_id)
                       : world_.signer.blocks().GetBlock(block.block_id, 0);
        ASSERT_THAT(updates, IsOk());
        released.Add(updates->updates, 0);
      }
    }
  };
  const auto sign_crls = [&] {
    for (int i = 0; i < kRounds; ++i) {
      const auto crl = world_.SignCrl();
      ASSERT_THAT(crl, IsOk());
      base::MutexLock lock(mu);
      EXPECT_TRUE(crl_numbers.insert(crl->number).second);
    }
  };
  Together(8, [&](int thread) {
    if (thread < 4) return issue_and_revoke(thread);
    if (thread < 6) return sign_blocks();
    sign_crls();
  });
  EXPECT_EQ(revoked_by_serial.size(), 4u * kRounds);
  ExpectAllAgree(revoked_by_serial);
}

// TRUST 3, 2.3: one request id is one certificate, however often and at however
// many threads it comes.
TEST_F(ConcurrencyTest, OneRequestIdMakesOneCertificate) {
  const std::string other_csr = testing::OpenSslCsr("other.example.com");
  for (int round = 0; round < 5; ++round) {
    const std::string id = absl::StrCat("shared ", round);
    base::Mutex mu;
    std::set<std::string> certificates;
    int refused = 0;
    Together(8, [&](int thread) {
      const auto issued =
          Issue(id, thread % 4 == 0 ? other_csr : SignerWorld::Csr());
      base::MutexLock lock(mu);
      if (issued.ok()) {
        certificates.insert(issued->certificate);
      } else {
        EXPECT_EQ(issued.status().code(), absl::StatusCode::kAlreadyExists);
        ++refused;
      }
    });
    EXPECT_EQ(certificates.size(), 1u);
    EXPECT_TRUE(refused == 2 || refused == 6) << refused;
  }
  testing::ExpectLedgerKeepsTheRules(world_.signer.ledger(), world_.disk);
}

// TRUST 2.2: of a release and a revocation at once, revoked is the end.
TEST_F(ConcurrencyTest, NoReleaseOvertakesARevocation) {
  std::map<std::string, bool> revoked_by_serial;
  for (int round = 0; round < 10; ++round) {
    const auto issued = Issue(absl::StrCat(round));
    ASSERT_THAT(issued, IsOk());
    ASSERT_THAT(Revoke(absl::StrCat("hold ", round), issued->serial, 6),
                IsOk());
    Together(4, [&](int thread) {
      const std::string id = absl::StrCat(round, " end ", thread);
      if (thread == 0) {
        EXPECT_THAT(Revoke(id, issued->serial, 1), IsOk());
        return;
      }
      const auto released =
          world_.signer.revocation().Release({.asker = SignerWorld::Ask(id),
                                              .issuer = "issuing",
                                              .serial = issued->serial});
      if (!released.ok()) {
        EXPECT_EQ(released.status().code(),
                  absl::StatusCode::kFailedPrecondition);
      }
    });
    revoked_by_serial[issued->serial] = true;
  }
  ExpectAllAgree(revoked_by_serial);
}

// TRUST 2.6, also without a common lock: two of these over one ledger, each
// with several threads for the records of a block.
TEST(TwoBlockSignersTest, NeverSignOneVersionTwice) {
  SignerWorld world({.block_capacity = 256});
  std::map<std::string, bool> revoked_by_serial;
  for (int i = 0; i < 130; ++i) {
    const auto issued = world.Issue(absl::StrCat(i));
    ASSERT_THAT(issued, IsOk());
    revoked_by_serial[issued->serial] = false;
  }
  const std::string block_id =
      world.State(revoked_by_serial.begin()->first).block_id;
  SigningThreads threads(3);
  const BlockSigner::Options options{
      .threads = &threads,
      .wait_until = [&](absl::Time when) { world.clock.WaitUntil(when); }};
  BlockSigner first(world.signer.ledger(), world.signer.issuers(),
                    *world.pki.manifest_key(), world.clock, options);
  BlockSigner second(world.signer.ledger(), world.signer.issuers(),
                     *world.pki.manifest_key(), world.clock, options);
  Released released;
  Together(4, [&](int thread) {
    for (int i = 0; i < 4; ++i) {
      const auto updates =
          (thread % 2 == 0 ? first : second).SignBlock(block_id);
      // Both may lose to the other so often that they give up.
      if (updates.ok()) released.Add(updates->updates, 0);
    }
  });
  ASSERT_THAT(world.SignBlockOf(revoked_by_serial.begin()->first), IsOk());
  EXPECT_EQ(world.reader.Find(block_id)->count(), 130u);
  const std::string last = revoked_by_serial.rbegin()->first;
  EXPECT_EQ(world.Answer(last).status, "good");
  testing::ExpectLedgerKeepsTheRules(world.signer.ledger(), world.disk);
}

}  // namespace
}  // namespace chancery::signer
