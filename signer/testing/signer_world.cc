#include "signer/testing/signer_world.h"

#include "base/status_macros.h"
#include "gtest/gtest.h"

namespace chancery::signer::testing {

SignerWorld::SignerWorld(const TestPki::Options& options)
    : pki(options),
      clock(options.now),
      signer({pki.issuer()}, *pki.manifest_key(), disk, clock),
      reader(pki.KeySet()),
      openssl(pki.issuer()) {
  const absl::Status started = signer.Start();
  EXPECT_TRUE(started.ok()) << started;
}

const std::string& SignerWorld::Csr() {
  static const std::string& csr =
      *new std::string(OpenSslCsr("test.example.com"));
  return csr;
}

std::string SignerWorld::CsrOf(const std::string& request_id) {
  base::MutexLock lock(mu_);
  std::string& csr = csrs_[request_id];
  if (csr.empty()) csr = QuickCsr("test.example.com");
  return csr;
}

Asker SignerWorld::Ask(const std::string& request_id) {
  return {.caller_uri = "spiffe://test/authority/a",
          .requester = "user:tester",
          .request_id = request_id};
}

absl::StatusOr<Issued> SignerWorld::Issue(const std::string& request_id,
                                          const std::string& csr) {
  ASSIGN_OR_RETURN(
      Issued issued,
      signer.issuance().Issue({.asker = Ask(request_id),
                               .issuer = "issuing",
                               .profile = "server",
                               .csr = csr.empty() ? CsrOf(request_id) : csr}));
  RETURN_IF_ERROR(reader.Take(issued.updates));
  return issued;
}

absl::StatusOr<Revoked> SignerWorld::Revoke(const std::string& request_id,
                                            const std::string& serial,
                                            int reason,
                                            std::optional<absl::Time> date) {
  ASSIGN_OR_RETURN(Revoked revoked,
                   signer.revocation().Revoke({.asker = Ask(request_id),
                                               .issuer = "issuing",
                                               .serial = serial,
                                               .reason = reason,
                                               .revoked_at = date}));
  RETURN_IF_ERROR(reader.Take(revoked.updates));
  return revoked;
}

absl::StatusOr<Revoked> SignerWorld::Release(const std::string& request_id,
                                             const std::string& serial) {
  ASSIGN_OR_RETURN(
      Revoked released,
      signer.revocation().Release(
          {.asker = Ask(request_id), .issuer = "issuing", .serial = serial}));
  RETURN_IF_ERROR(reader.Take(released.updates));
  return released;
}

absl::StatusOr<WholeCrl> SignerWorld::SignCrl(uint32_t shard,
                                              ledger::CrlKind kind) {
  return signer.SignCrl({.issuer = "issuing", .shard = shard, .kind = kind});
}

absl::StatusOr<BlockUpdates> SignerWorld::SignBlockOf(
    const std::string& serial) {
  ASSIGN_OR_RETURN(BlockUpdates updates,
                   signer.blocks().SignBlock(State(serial).block_id));
  RETURN_IF_ERROR(reader.Take(updates.updates));
  return updates;
}

OpenSslOracle::Ocsp SignerWorld::Answer(const std::string& serial) const {
  return openssl.AskOcsp(reader.Response(serial), serial, clock.Now());
}

CertificateState SignerWorld::State(const std::string& serial) {
  const auto view = signer.ledger().Read();
  EXPECT_TRUE(view.ok()) << view.status();
  const auto state =
      (*view)->state().Certificate(pki.issuer().issuer_id, serial);
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *state : CertificateState();
}

absl::Status SignerWorld::PowerCut() {
  signer.Kill();
  disk.Crash();
  return signer.Start();
}

}  // namespace chancery::signer::testing
