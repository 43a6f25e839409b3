// What an answer costs beside the kernel's part: no memory is asked for.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/testing/memory_cache_store.h"
#include "responder/http/http_connection.h"
#include "responder/public_http.h"
#include "responder/testing/memory_crl_source.h"

namespace {
std::atomic<size_t> allocations{0};
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace chancery::responder {
namespace {

class HotPathTest : public ::testing::Test {
 protected:
  HotPathTest() {
    EXPECT_TRUE(cache_
                    .Apply(issuer_.Whole(
                        issuer_.MakeBlock(1, issuer_.Good(16), *manifest_key_)))
                    .accepted);
  }

  std::string DerFor(const std::string& serial) const {
    const std::string id = x509::BuildCertId(
        x509::CertIdHash::kSha1, base::AsBytes(issuer_.subject()),
        issuer_.key().public_key(), base::AsBytes(serial));
    return x509::BuildOcspRequest(id, {});
  }
  std::string GetFor(const std::string& serial) const {
    const std::string der = DerFor(serial);
    return absl::StrCat("GET /", base::Base64(base::AsBytes(der)),
                        " HTTP/1.1\r\nHost: ocsp.example.com\r\n"
                        "Accept: */*\r\n\r\n");
  }
  std::string PostFor(const std::string& serial) const {
    const std::string der = DerFor(serial);
    return absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                        der.size(), "\r\n\r\n", der);
  }

  // Bytes that come back.
  size_t Exchange(HttpConnection& connection, const std::string& request) {
    connection.Receive(request, absl::Seconds(1));
    const size_t size = connection.Output().bytes.size();
    connection.Sent(size, absl::Seconds(1));
    return size;
  }

  base::testing::FakeClock clock_{testing::kIssuerTime};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  testing::Issuer issuer_{"issuing", "Issuing"};
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = testing::NewKey();
  const block::KeySet keys_ = issuer_.KeySetWith(*manifest_key_);
  const PinnedIssuers issuers_ = *PinnedIssuers::Create(keys_);
  const KeyRing ring_{keys_};
  const UpdateVerifier verifier_{ring_, issuers_, base::SystemRandom()};
  testing::MemoryCacheStore store_;
  BlockCache cache_{{issuers_, verifier_, store_, clock_, log_}};
  const testing::MemoryCrlSource crls_;
  OcspCounterPool answers_;
  PublicHttp http_{{.path_prefix = "",
                    .ready = {},
                    .tags = *CacheTags::Create({"Cache-Tag"})},
                   cache_,
                   crls_,
                   answers_.Add()};
  const HttpLimits limits_;
  HttpCounters counters_;
  HttpContext context_{.limits = limits_,
                       .clock = clock_,
                       .handler = http_,
                       .counters = counters_,
                       .dates = {},
                       .response = {}};
};

TEST_F(HotPathTest, AsksForNoMemoryOnceWarm) {
  std::vector<std::string> requests;
  for (uint32_t i = 0; i < 16; ++i) {
    requests.push_back(GetFor(testing::Issuer::Serial(i)));
    requests.push_back(PostFor(testing::Issuer::Serial(i)));
  }
  requests.push_back(GetFor("\x01 unknown serial"));
  HttpConnection connection(context_, absl::ZeroDuration());
  for (int round = 0; round < 2; ++round) {
    for (const std::string& request : requests) {
      ASSERT_GT(Exchange(connection, request), 100u);
    }
  }
  EXPECT_EQ(counters_.Get(HttpCount::kStatus2xx), 2 * requests.size());
  for (const std::string& request : requests) {
    const size_t before = allocations;
    Exchange(connection, request);
    EXPECT_EQ(allocations, before) << request;
  }
}

}  // namespace
}  // namespace chancery::responder
