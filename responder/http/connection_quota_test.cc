#include "responder/http/connection_quota.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

ClientKey KeyOfV4(const char* text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  inet_pton(AF_INET, text, &v4.sin_addr);
  sockaddr_storage address{};
  std::memcpy(&address, &v4, sizeof v4);
  return ClientKeyOf(address);
}

ClientKey KeyOfV6(const char* text) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, text, &v6.sin6_addr);
  sockaddr_storage address{};
  std::memcpy(&address, &v6, sizeof v6);
  return ClientKeyOf(address);
}

TEST(ClientKeyTest, AnIpv4AddressIsAClientWhicheverSocketItCameBy) {
  EXPECT_EQ(KeyOfV4("192.0.2.1"), KeyOfV6("::ffff:192.0.2.1"));
  EXPECT_NE(KeyOfV4("192.0.2.1"), KeyOfV4("192.0.2.2"));
}

TEST(ClientKeyTest, AnIpv6NetworkIsOneClient) {
  EXPECT_EQ(KeyOfV6("2001:db8:1:2::1"), KeyOfV6("2001:db8:1:2:ffff::"));
  EXPECT_NE(KeyOfV6("2001:db8:1:2::1"), KeyOfV6("2001:db8:1:3::1"));
}

TEST(ConnectionQuotaTest, BoundsAllAndEach) {
  ConnectionQuota quota(3, 2);
  const ClientKey a = KeyOfV4("192.0.2.1");
  const ClientKey b = KeyOfV4("192.0.2.2");
  EXPECT_TRUE(quota.Admit(a));
  EXPECT_TRUE(quota.Admit(a));
  EXPECT_FALSE(quota.Admit(a));
  EXPECT_TRUE(quota.Admit(b));
  EXPECT_FALSE(quota.Admit(b));  // Three in all.
  quota.Release(a);
  EXPECT_TRUE(quota.Admit(b));
}

TEST(ConnectionQuotaTest, WithoutABoundForEachOnlyTheTotalCounts) {
  ConnectionQuota quota(3, 0);
  const ClientKey a = KeyOfV4("192.0.2.1");
  EXPECT_TRUE(quota.Admit(a));
  EXPECT_TRUE(quota.Admit(a));
  EXPECT_TRUE(quota.Admit(a));
  EXPECT_FALSE(quota.Admit(a));
}

}  // namespace
}  // namespace chancery::responder
