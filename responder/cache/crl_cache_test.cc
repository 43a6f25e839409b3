#include "responder/cache/crl_cache.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/testing/fake_clock.h"
#include "base/testing/file_size_limit.h"
#include "base/testing/status_matchers.h"
#include "block/key_set.h"
#include "crypto/digest.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/testing/memory_file.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/crl/crl.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::WriteTemp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr auto kRefused = absl::StatusCode::kInvalidArgument;

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
    id_ = base::ToString((*issuers_)[0].id);
    plain_name_ = absl::StrCat(base::Hex((*issuers_)[0].id), ".crl");
    gzip_name_ = absl::StrCat(plain_name_, ".gz");
    Restart();
  }

  void Restart() {
    cache_.reset();
    folder_ = std::make_unique<CrlFolder>(
        *CrlFolder::Open(path_, /*descriptors=*/100));
    cache_ = std::make_unique<CrlCache>(*issuers_, *folder_, clock_, log_);
    cache_->Load();
    cache_->WaitForCompression();
  }

  std::string Crl(uint64_t number, const crypto::SigningKey& key,
                  size_t entries = 0,
                  const std::string& distribution_point = "",
                  std::optional<uint64_t> base_number = {}) {
    std::vector<std::string> serials;
    for (size_t i = 0; i < entries; ++i) {
      const std::string counter = absl::StrCat(number, " ", i);
      const auto digest = crypto::Sha256(base::AsBytes(counter));
      serials.push_back("\x01" + base::ToString(base::Bytes(digest).first(15)));
    }
    std::sort(serials.begin(), serials.end());
    std::vector<x509::CrlEntry> revoked;
    revoked.reserve(serials.size());
    for (const std::string& serial : serials) {
      revoked.push_back({.serial = base::AsBytes(serial),
                         .revocation_time = kNow,
                         .reason = 1});
    }
    return *x509::SignCrl({.issuer = base::AsBytes(subject_),
                           .this_update = this_update_,
                           .next_update = this_update_ + absl::Hours(168),
                           .authority_key_identifier = {},
                           .number = number,
                           .distribution_point = distribution_point,
                           .base_number = base_number},
                          revoked, key);
  }

  // In pieces of 1000 bytes.
  absl::StatusOr<uint64_t> PutAs(const HeldCrl& facts, absl::string_view der) {
    return cache_->Put(facts,
                       [&]() -> absl::StatusOr<std::optional<base::Bytes>> {
                         if (der.empty()) return std::nullopt;
                         const absl::string_view piece = der.substr(0, 1000);
                         der.remove_prefix(piece.size());
                         return base::AsBytes(piece);
                       });
  }
  absl::StatusOr<uint64_t> Put(uint64_t number, const std::string& der) {
    auto put = PutAs({.issuer_id = id_, .number = number}, der);
    cache_->WaitForCompression();
    return put;
  }

  static std::string Content(const CrlRepresentation& of) {
    if (of.file == nullptr) return "";
    return testing::ReadPart(of.file->Open()->get(), 0, of.size + 1);
  }
  std::string Served() const {
    const auto crl = cache_->Find("issuing");
    return crl == nullptr ? "" : Content(crl->plain);
  }
  std::string ServedGzip() const {
    const auto crl = cache_->Find("issuing");
    return crl == nullptr ? "" : Content(crl->gzip);
  }

  std::vector<std::string> Files() const {
    std::set<std::string> names;
    DIR* folder = opendir(path_.c_str());
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') names.insert(entry->d_name);
    }
    closedir(folder);
    return {names.begin(), names.end()};
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(path_, "/", name);
  }
  void Damage(const std::string& name) const {
    std::string content = *base::ReadFile(Path(name));
    content[content.size() / 2] ^= 1;
    ASSERT_THAT(
        base::WriteFileAtomically(Path(name), base::AsBytes(content), 0600),
        IsOk());
  }

  const std::string path_ = absl::StrCat(
      ::testing::TempDir(), "/crls-",
      ::testing::UnitTest::GetInstance()->current_test_info()->name());
  base::testing::FakeClock clock_{kNow};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  const std::string subject_ =
      *x509::EncodeName({{.type = "CN", .value = "Issuing"}});
  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  absl::Time this_update_ = kNow;
  block::KeySet keys_;
  std::unique_ptr<PinnedIssuers> issuers_;
  std::string id_;
  std::string plain_name_, gzip_name_;
  std::unique_ptr<CrlFolder> folder_;
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
    EXPECT_THAT(Files(), ElementsAre(plain_name_));
    Restart();
  }
  EXPECT_EQ(cache_->Find("other"), nullptr);
}

TEST_F(CrlCacheTest, TellsTheOldest) {
  EXPECT_EQ(cache_->FindOldest().this_update, absl::InfiniteFuture());
  ASSERT_THAT(Put(1, Crl(1, *key_)), IsOk());
  const CrlCache::Oldest oldest = cache_->FindOldest();
  EXPECT_EQ(oldest.number, 1u);
  EXPECT_LE(oldest.this_update, clock_.Now());
  EXPECT_GT(oldest.next_update, oldest.this_update);
}

TEST_F(CrlCacheTest, NamesACrlByItsSignatureAndTheCompressedOneByItsBytes) {
  ASSERT_THAT(Put(1, Crl(1, *key_, 100)), IsOk());
  const auto tag = [](const std::string& name, const std::string& content,
                      const std::string& command) {
    const std::string path = WriteTemp(name, content);
    return absl::StrCat(
        "\"",
        Shell("cat " + path + " | " + command + " | sha256sum").substr(0, 64),
        "\"");
  };
  const std::string signature =
      "openssl crl -inform DER -noout -text | sed '1,/Signature Value:/d' | "
      "tr -d ' :\\n' | perl -ne 'print pack(\"H*\", $_)'";
  for (int i = 0; i < 2; ++i) {
    const auto crl = cache_->Find("issuing");
    EXPECT_EQ(crl->plain.etag, tag("plain", Served(), signature));
    EXPECT_EQ(crl->gzip.etag, tag("gzip", ServedGzip(), "cat"));
    Restart();
  }
}

TEST_F(CrlCacheTest, RefusesWhatIsNotTheIssuersWholeCrl) {
  const std::string first = Crl(1, *key_);
  ASSERT_THAT(Put(1, first), IsOk());
  const auto stranger =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  EXPECT_THAT(Put(2, Crl(2, *stranger)), StatusIs(kRefused, "did not sign"));
  EXPECT_THAT(Put(3, Crl(2, *key_)), StatusIs(kRefused, "3 was announced"));
  EXPECT_THAT(Put(2, Crl(2, *key_, 0, "http://ca.example/1.crl")),
              StatusIs(kRefused, "ends with /crl/issuing/0.crl"));
  EXPECT_THAT(Put(2, Crl(2, *key_, 0, "", 1)),
              StatusIs(kRefused, "is a delta"));
  EXPECT_THAT(Put(2, "no CRL"), StatusIs(kRefused, "\"issuing\""));
  EXPECT_THAT(Put(2, ""), StatusIs(kRefused, "empty"));
  EXPECT_THAT(
      PutAs({.issuer_id = std::string(32, 'x'), .number = 2}, Crl(2, *key_)),
      StatusIs(kRefused, "not in the key set"));
  this_update_ = kNow + absl::Minutes(6);
  EXPECT_THAT(Put(2, Crl(2, *key_)), StatusIs(kRefused, "future"));
  EXPECT_EQ(Served(), first);
  EXPECT_THAT(Files(), ElementsAre(plain_name_));
}

// TRUST 7, 4: whoever pushes cannot have one shard served as another.
TEST_F(CrlCacheTest, ServesEachShardWhereItSaysItIs) {
  const auto shard = [&](uint64_t number, int which,
                         std::optional<uint64_t> base_number = {}) {
    return Crl(number, *key_, 0,
               absl::StrCat("http://ca.example/crl/issuing/", which, ".crl"),
               base_number);
  };
  const auto put = [&](uint32_t as, bool is_delta, uint64_t number,
                       const std::string& der) {
    return PutAs(
        {.issuer_id = id_, .shard = as, .number = number, .is_delta = is_delta},
        der);
  };
  const std::string zero = shard(1, 0), one = shard(1, 1),
                    delta = shard(2, 1, 1);
  EXPECT_EQ(*put(0, false, 1, zero), 1u);
  EXPECT_EQ(*put(1, false, 1, one), 1u);
  EXPECT_EQ(*put(1, true, 2, delta), 2u);
  EXPECT_THAT(put(2, false, 1, one), StatusIs(kRefused, "/crl/issuing/2.crl"));
  EXPECT_THAT(put(1, false, 2, shard(2, 11)), StatusIs(kRefused, "ends with"));
  EXPECT_THAT(put(2, false, 1, Crl(1, *key_)), StatusIs(kRefused, "shard"));
  EXPECT_THAT(put(1, false, 2, delta), StatusIs(kRefused, "is a delta"));
  EXPECT_THAT(put(1, true, 3, shard(3, 1)), StatusIs(kRefused, "not a delta"));
  EXPECT_EQ(*put(1, true, 1, delta), 2u);  // Not newer.
  const auto at = [&](const char* path) {
    const auto crl = cache_->Find(path);
    return crl == nullptr ? "" : Content(crl->plain);
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(at("issuing"), "");
    EXPECT_EQ(at("issuing/0"), zero);
    EXPECT_EQ(at("issuing/1"), one);
    EXPECT_EQ(at("issuing/1-delta"), delta);
    EXPECT_EQ(at("issuing/0-delta"), "");
    EXPECT_EQ(cache_->Crls().size(), 3u);
    Restart();
  }
}

TEST_F(CrlCacheTest, ServesADeltaBesideTheWhole) {
  const std::string whole = Crl(1, *key_), delta = Crl(2, *key_, 0, "", 1);
  ASSERT_THAT(Put(1, whole), IsOk());
  EXPECT_EQ(*PutAs({.issuer_id = id_, .number = 2, .is_delta = true}, delta),
            2u);
  Restart();
  EXPECT_EQ(Served(), whole);
  EXPECT_EQ(Content(cache_->Find("issuing/delta")->plain), delta);
}

TEST_F(CrlCacheTest, ReadsNothingOfACrlThatIsNotNewer) {
  ASSERT_THAT(Put(5, Crl(5, *key_)), IsOk());
  const auto number =
      cache_->Put({.issuer_id = id_, .number = 5},
                  []() -> absl::StatusOr<std::optional<base::Bytes>> {
                    ADD_FAILURE() << "read";
                    return std::nullopt;
                  });
  EXPECT_EQ(*number, 5u);
}

TEST_F(CrlCacheTest, KeepsALargeOneCompressedToo) {
  const std::string der = Crl(1, *key_, 1000);
  ASSERT_THAT(Put(1, der), IsOk());
  EXPECT_THAT(Files(), ElementsAre(plain_name_, gzip_name_));
  EXPECT_LT(ServedGzip().size(), der.size());
  EXPECT_TRUE(Shell("gzip -dc < " + Path(gzip_name_)) == der);
  const auto before = cache_->Find("issuing");
  Restart();
  EXPECT_EQ(Served(), der);
  EXPECT_EQ(cache_->Find("issuing")->gzip.etag, before->gzip.etag);
  for (const std::string& name : Files()) {
    struct stat info;
    ASSERT_EQ(stat(Path(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
  // A small one that follows has none.
  ASSERT_THAT(Put(2, Crl(2, *key_)), IsOk());
  EXPECT_EQ(ServedGzip(), "");
  EXPECT_THAT(Files(), ElementsAre(plain_name_));
}

TEST_F(CrlCacheTest, WhoReadsAnOldOneReadsItToItsEnd) {
  const std::string first = Crl(1, *key_, 1000);
  ASSERT_THAT(Put(1, first), IsOk());
  const auto old = cache_->Find("issuing");
  ASSERT_THAT(Put(2, Crl(2, *key_, 1000)), IsOk());
  EXPECT_EQ(Content(old->plain), first);
  EXPECT_THAT(Files(), ElementsAre(plain_name_, gzip_name_));
}

TEST_F(CrlCacheTest, DropsADamagedOne) {
  ASSERT_THAT(Put(1, Crl(1, *key_, 1000)), IsOk());
  Damage(plain_name_);
  Restart();
  EXPECT_EQ(Served(), "");
  EXPECT_THAT(cache_->Crls(), IsEmpty());  // So that it is sent again.
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(lines_.str(), HasSubstr("crl_dropped"));
  EXPECT_THAT(cache_->Complete(),
              StatusIs(absl::StatusCode::kUnavailable, "1 CRLs were damaged"));
  EXPECT_THAT(Put(1, Crl(1, *key_, 1000)), IsOk());
  EXPECT_THAT(cache_->Complete(), IsOk());
}

TEST_F(CrlCacheTest, DropsOneThatWasCutOff) {
  for (const size_t left : {size_t{0}, size_t{1}, size_t{5000}}) {
    const std::string der = Crl(1, *key_, 1000);
    ASSERT_THAT(Put(1, der), IsOk());
    ASSERT_THAT(base::WriteFileAtomically(Path(plain_name_),
                                          base::AsBytes(der).first(left), 0600),
                IsOk());
    Restart();
    EXPECT_EQ(Served(), "") << left;
    EXPECT_THAT(Files(), IsEmpty()) << left;
  }
}

TEST_F(CrlCacheTest, CompressesAgainWhatIsDamagedOrOfAnotherCrl) {
  const std::string der = Crl(1, *key_, 1000);
  ASSERT_THAT(Put(1, der), IsOk());
  const std::string compressed = ServedGzip();
  const std::string other = WriteTemp("other", "of another CRL");
  for (const auto& spoil : std::vector<std::function<void()>>{
           [&] { Damage(gzip_name_); },
           [&] { Shell("gzip -c " + other + " > " + Path(gzip_name_)); },
           [&] { Shell("truncate -s -1 " + Path(gzip_name_)); },
           [&] { Shell("rm " + Path(gzip_name_)); },
       }) {
    spoil();
    Restart();
    EXPECT_EQ(Served(), der);
    EXPECT_TRUE(ServedGzip() == compressed);
    EXPECT_TRUE(*base::ReadFile(Path(gzip_name_)) == compressed);
  }
}

TEST_F(CrlCacheTest, RemovesLeftoversAtTheStart) {
  ASSERT_THAT(Put(1, Crl(1, *key_)), IsOk());
  for (const std::string& name :
       {std::string("a1b2c3.spool"), std::string(64, 'a') + ".crl",
        std::string(64, 'a') + ".crl.gz"}) {
    ASSERT_THAT(base::WriteFileAtomically(Path(name), {}), IsOk());
  }
  Restart();
  EXPECT_THAT(Files(), ElementsAre(plain_name_));
  EXPECT_NE(Served(), "");
}

TEST_F(CrlCacheTest, LeavesNothingOfAPushThatBroke) {
  const std::string first = Crl(1, *key_);
  ASSERT_THAT(Put(1, first), IsOk());
  int calls = 0;
  EXPECT_THAT(cache_->Put({.issuer_id = id_, .number = 2},
                          [&]() -> absl::StatusOr<std::optional<base::Bytes>> {
                            if (++calls < 3) return base::AsBytes(first);
                            return absl::CancelledError("the caller is gone");
                          }),
              StatusIs(absl::StatusCode::kCancelled, "gone"));
  EXPECT_THAT(Files(), ElementsAre(plain_name_));
  EXPECT_EQ(Served(), first);
}

TEST_F(CrlCacheTest, ServesTheOldOneOnWhenThereIsNoRoomForTheNew) {
  const std::string first = Crl(1, *key_, 100);
  const std::string second = Crl(2, *key_, 1000);
  ASSERT_THAT(Put(1, first), IsOk());
  const std::string compressed = ServedGzip();
  {
    const base::testing::FileSizeLimit limit(second.size() - 1);
    EXPECT_THAT(Put(2, second),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         "CRL of issuer \"issuing\": cannot keep it on disk"));
  }
  EXPECT_EQ(Served(), first);
  EXPECT_EQ(ServedGzip(), compressed);
  EXPECT_EQ(cache_->Crls().at(0).number, 1u);
  EXPECT_THAT(Files(), ElementsAre(plain_name_, gzip_name_));
  // Once there is room, it is taken.
  EXPECT_EQ(*Put(2, second), 2u);
  EXPECT_EQ(Served(), second);
}

}  // namespace
}  // namespace chancery::responder
