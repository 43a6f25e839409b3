#include "rpc/status.h"

#include "gtest/gtest.h"

namespace chancery::rpc {
namespace {

TEST(StatusTest, PublicErrorsArriveAsTheyAre) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::NotFoundError("no such certificate"),
        absl::InvalidArgumentError("field `x`"), absl::UnavailableError("busy"),
        absl::UnauthenticatedError("who?"), absl::AbortedError("again")}) {
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(StatusTest, PrivateErrorsKeepOnlyTheirCode) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInternal, absl::StatusCode::kUnknown,
        absl::StatusCode::kDataLoss}) {
    EXPECT_EQ(FromGrpc(ToGrpc(absl::Status(code, "/etc/key is broken"))),
              absl::Status(code, "internal error"));
  }
}

}  // namespace
}  // namespace chancery::rpc
