// The bare rate of a token: C_Sign of a digest and one verification, in a loop,
// in each of a number of threads. One line of JSON.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/public_key.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

ABSL_FLAG(std::string, module, "", "The PKCS#11 module.");
ABSL_FLAG(std::string, pin_file, "", "Has the PIN, in one line.");
ABSL_FLAG(std::string, label, "", "The private key's.");
ABSL_FLAG(std::string, certificate, "", "PEM, of the key: P-256.");
ABSL_FLAG(int, threads, 1, "How many.");
ABSL_FLAG(double, seconds, 3, "How long.");

namespace chancery::bench {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "token_speed: %s\n", why.c_str());
  std::exit(1);
}

void Check(CK_RV value, const char* what) {
  if (value == CKR_OK) return;
  Die(absl::StrCat(what, ": ", absl::Hex(static_cast<uint64_t>(value))));
}

std::string Read(const std::string& path) {
  auto content = base::ReadFile(path);
  if (!content.ok()) Die(content.status().ToString());
  return *std::move(content);
}

crypto::PublicKey ReadKey() {
  const auto ders =
      x509::DecodePem("CERTIFICATE", Read(absl::GetFlag(FLAGS_certificate)));
  if (!ders.ok() || ders->empty()) Die("no certificate");
  const auto parsed = x509::Certificate::Parse(base::AsBytes(ders->front()));
  if (!parsed.ok()) Die(parsed.status().ToString());
  const auto key =
      crypto::PublicKey::FromSpki(base::AsBytes(parsed->facts().public_key));
  if (!key.ok()) Die(key.status().ToString());
  return *key;
}

// Logged in to the first token that has the key.
class Token {
 public:
  Token() {
    const std::string path = absl::GetFlag(FLAGS_module);
    void* const library = dlopen(path.c_str(), RTLD_NOW);
    if (library == nullptr) Die(dlerror());
    const auto list = reinterpret_cast<CK_C_GetFunctionList>(
        dlsym(library, "C_GetFunctionList"));
    if (list == nullptr) Die("not a PKCS#11 module");
    Check(list(&functions_), "C_GetFunctionList");
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    Check(functions_->C_Initialize(&arguments), "C_Initialize");
    CK_ULONG count = 0;
    Check(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), "slots");
    std::vector<CK_SLOT_ID> slots(count);
    Check(functions_->C_GetSlotList(CK_TRUE, slots.data(), &count), "slots");
    if (slots.empty()) Die("no token");
    slot_ = slots.front();
    login_ = Open();
    std::string pin = Read(absl::GetFlag(FLAGS_pin_file));
    while (!pin.empty() && pin.back() == '\n') pin.pop_back();
    Check(functions_->C_Login(login_, CKU_USER,
                              reinterpret_cast<unsigned char*>(pin.data()),
                              pin.size()),
          "C_Login");
    FindKey();
  }

  CK_SESSION_HANDLE Open() {
    CK_SESSION_HANDLE session;
    Check(functions_->C_OpenSession(slot_, CKF_SERIAL_SESSION, nullptr, nullptr,
                                    &session),
          "C_OpenSession");
    return session;
  }

  void Sign(CK_SESSION_HANDLE session, base::Bytes digest, std::string& out) {
    CK_MECHANISM mechanism = {CKM_ECDSA, nullptr, 0};
    Check(functions_->C_SignInit(session, &mechanism, key_), "C_SignInit");
    out.resize(128);
    CK_ULONG size = out.size();
    Check(functions_->C_Sign(
              session, const_cast<uint8_t*>(digest.data()), digest.size(),
              reinterpret_cast<unsigned char*>(out.data()), &size),
          "C_Sign");
    out.resize(size);
  }

 private:
  void FindKey() {
    CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
    std::string label = absl::GetFlag(FLAGS_label);
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &kind, sizeof kind},
                             {CKA_LABEL, label.data(), label.size()}};
    CK_ULONG found = 0;
    Check(functions_->C_FindObjectsInit(login_, wanted, 2), "find");
    Check(functions_->C_FindObjects(login_, &key_, 1, &found), "find");
    Check(functions_->C_FindObjectsFinal(login_), "find");
    if (found == 0) Die(absl::StrCat("no private key ", label));
  }

  CK_FUNCTION_LIST* functions_ = nullptr;
  CK_SLOT_ID slot_ = 0;
  CK_SESSION_HANDLE login_ = 0;
  CK_OBJECT_HANDLE key_ = 0;
};

void Loop(Token& token, const crypto::PublicKey& key,
          std::chrono::steady_clock::time_point end,
          std::atomic<uint64_t>& made) {
  const CK_SESSION_HANDLE session = token.Open();
  std::string message(200, 'm'), raw;
  for (uint64_t count = 0; std::chrono::steady_clock::now() < end; ++count) {
    for (size_t i = 0; i < 8; ++i) {
      message[i] = static_cast<char>(count >> (8 * i));
    }
    token.Sign(session, crypto::Sha256(base::AsBytes(message)), raw);
    const auto der = crypto::EcdsaSignatureToDer(base::AsBytes(raw));
    if (!der.ok() || !key.Verify(crypto::SignatureAlgorithm::kEcdsaSha256,
                                 base::AsBytes(message), base::AsBytes(*der))
                          .ok()) {
      Die("a signature does not verify");
    }
    ++made;
  }
}

void Run() {
  Token token;
  const crypto::PublicKey key = ReadKey();
  std::atomic<uint64_t> made = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::milliseconds(static_cast<int64_t>(
                               absl::GetFlag(FLAGS_seconds) * 1000));
  std::vector<std::thread> threads;
  for (int i = 0; i < absl::GetFlag(FLAGS_threads); ++i) {
    threads.emplace_back([&] { Loop(token, key, end, made); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  std::printf("{\"per_second\": %.1f}\n",
              static_cast<double>(made.load()) / took.count());
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  chancery::bench::Run();
  return 0;
}
