#include "responder/cache/crl_cache.h"

#include <memory>
#include <sstream>
#include <string>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "block/key_set.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "responder/cache/testing/memory_cache_store.h"
#include "responder/testing/memory_file.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/crl/crl.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class CrlCacheTest : public ::testing::Test {
 protected:
  CrlCacheTest() {
    x509::CertificateFacts facts;
    facts.serial = "\x01";
    facts.issuer = facts.subject = subject_;
    facts.not_before = kNow;
    facts.not_after = kNow + absl::Hours(10'000);
    facts.public_key = base::ToString(key_->public_key().spki());
    facts.extensions.is_ca = true;
    keys_.issuers = {{.name = "issuing",
                      .certificate = *x509::SignCertificate(facts, *key_)}};
    issuers_ = std::make_unique<PinnedIssuers>(*PinnedIssuers::Create(keys_));
    Restart();
  }

  void Restart() {
    cache_ = std::make_unique<CrlCache>(*issuers_, store_, clock_, log_);
    cache_->Load();
  }

  std::string Crl(uint64_t number, const crypto::SigningKey& key,
                  const std::string& distribution_point = "") {
    return *x509::SignCrl({.issuer = base::AsBytes(subject_),
                           .this_update = this_update_,
                           .next_update = this_update_ + absl::Hours(168),
                           .authority_key_identifier = {},
                           .number = number,
                           .distribution_point = distribution_point},
                          {}, key);
  }
  absl::StatusOr<uint64_t> Put(uint64_t number, std::string der) {
    return cache_->Put(
        {.issuer_id = base::ToString((*issuers_)[0].id), .number = number},
        std::move(der));
  }
  std::string Served() {
    const auto crl = cache_->Find("issuing");
    return crl == nullptr
               ? ""
               : testing::ReadPart(crl->file->get(), 0, crl->size + 1);
  }

  base::testing::FakeClock clock_{kNow};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  testing::MemoryCacheStore store_;
  const std::string subject_ =
      *x509::EncodeName({{.type = "CN", .value = "Issuing"}});
  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  absl::Time this_update_ = kNow;
  block::KeySet keys_;
  std::unique_ptr<PinnedIssuers> issuers_;
  std::unique_ptr<CrlCache> cache_;
};

TEST_F(CrlCacheTest, ServesTheNewestOverARestart) {
  EXPECT_EQ(cache_->Find("issuing"), nullptr);
  const std::string first = Crl(1, *key_), second = Crl(2, *key_);
  EXPECT_EQ(*Put(1, first), 1u);
  EXPECT_EQ(*Put(2, second), 2u);
  EXPECT_EQ(*Put(1, first), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Served(), second);
    EXPECT_EQ(cache_->Crls().at(0).number, 2u);
    Restart();
  }
  EXPECT_EQ(cache_->Find("other"), nullptr);
}

TEST_F(CrlCacheTest, RefusesWhatIsNotTheIssuersWholeCrl) {
  const std::string first = Crl(1, *key_);
  ASSERT_THAT(Put(1, first), IsOk());
  const auto stranger =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  const auto refused = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Put(2, Crl(2, *stranger)), StatusIs(refused, "did not sign"));
  EXPECT_THAT(Put(3, Crl(2, *key_)), StatusIs(refused, "3 was announced"));
  EXPECT_THAT(Put(2, Crl(2, *key_, "http://ca.example/1.crl")),
              StatusIs(refused, "shard"));
  EXPECT_THAT(Put(2, "no CRL"), StatusIs(refused, ""));
  EXPECT_THAT(cache_->Put({.issuer_id = std::string(32, 'x'), .number = 2},
                          Crl(2, *key_)),
              StatusIs(refused, "not in the key set"));
  this_update_ = kNow + absl::Minutes(6);
  EXPECT_THAT(Put(2, Crl(2, *key_)), StatusIs(refused, "future"));
  EXPECT_EQ(Served(), first);
}

TEST_F(CrlCacheTest, DropsADamagedRow) {
  ASSERT_THAT(Put(1, Crl(1, *key_)), IsOk());
  auto [key, value] = *store_.Rows().begin();
  value.back() = static_cast<char>(value.back() ^ 1);
  ASSERT_THAT(store_.Put(key, value), IsOk());
  Restart();
  EXPECT_EQ(Served(), "");
  EXPECT_TRUE(store_.Rows().empty());
}

}  // namespace
}  // namespace chancery::responder
