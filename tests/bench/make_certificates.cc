// Makes a CA and the certificates of a data set, as another CA would have
// issued them: what a signer imports.
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "tests/bench/bench_ca.h"
#include "tests/bench/dataset.h"
#include "tests/bench/dataset_files.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

ABSL_FLAG(std::string, dir, "", "The folder to fill.");
ABSL_FLAG(uint64_t, certificates, 1'000'000, "How many.");

namespace chancery::bench {
namespace {

absl::StatusOr<std::string> MakeCertificate(const Ca& ca,
                                            const std::string& public_key,
                                            uint64_t number) {
  const std::string host = absl::StrCat("host", number, ".bench.test");
  x509::CertificateFacts facts;
  facts.serial = base::ToString(SerialOf(number));
  facts.issuer = ca.subject;
  ASSIGN_OR_RETURN(facts.subject,
                   x509::EncodeName({{.type = "CN", .value = host}}));
  facts.not_before = ca.this_update;
  // Blocks fill in this order.
  facts.not_after = ca.this_update + absl::Hours(24 * 90) +
                    absl::Seconds(number / kBlockCapacity);
  facts.public_key = public_key;
  facts.extensions.key_usage = x509::kDigitalSignature;
  facts.extensions.alt_names = {{.value = host}};
  return x509::SignCertificate(facts, *ca.key);
}

absl::Status MakeImport(const Ca& ca, const std::string& public_key,
                        const DatasetFiles& files, uint64_t certificates,
                        uint64_t number) {
  std::string out;
  const uint64_t first = number * kBlockCapacity;
  for (uint64_t i = first;
       i < std::min<uint64_t>(first + kBlockCapacity, certificates); ++i) {
    ASSIGN_OR_RETURN(const std::string der, MakeCertificate(ca, public_key, i));
    block::wire::PutCounted<uint32_t>(out, base::AsBytes(der));
  }
  return base::WriteFileAtomically(files.import(number), base::AsBytes(out));
}

absl::Status Make(const DatasetFiles& files, uint64_t certificates) {
  RETURN_IF_ERROR(base::MakeDirectories(files.folder + "/imports"));
  ASSIGN_OR_RETURN(const Ca ca, MakeCa(files));
  // One for all: nobody uses it.
  ASSIGN_OR_RETURN(const auto key,
                   crypto::GenerateKey({.type = crypto::KeyType::kEcP256}));
  const std::string public_key = base::ToString(key->public_key().spki());
  const uint64_t imports = (certificates + kBlockCapacity - 1) / kBlockCapacity;
  std::atomic<uint64_t> next = 0;
  std::vector<absl::Status> ends(
      std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (absl::Status& end : ends) {
    threads.emplace_back([&] {
      for (uint64_t i = next++; i < imports && end.ok(); i = next++) {
        end = MakeImport(ca, public_key, files, certificates, i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& end : ends) RETURN_IF_ERROR(end);
  // Last: a folder with this file is whole.
  const std::string count = absl::StrCat(certificates, "\n");
  return base::WriteFileAtomically(files.folder + "/certificates",
                                   base::AsBytes(count));
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status made = chancery::bench::Make(
      {.folder = absl::GetFlag(FLAGS_dir)}, absl::GetFlag(FLAGS_certificates));
  if (made.ok()) return 0;
  std::fprintf(stderr, "make_certificates: %s\n", made.ToString().c_str());
  return 1;
}
