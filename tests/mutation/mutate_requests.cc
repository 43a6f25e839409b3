// Sends mutated OCSP requests to a responder and judges each answer.
//
//   mutate_requests --port=8080 --issuer=ca.pem --sibling=root.pem
//       --good=a.pem,b.pem --revoked=c.pem --mutations=10000000
//
// A request that was mutated may have a good or revoked answer only if it still
// names that certificate (truth.h). Beside it, correct requests are asked all
// the time. Ends with 1 at the first wrong answer, and says how to repeat it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "tests/mutation/exchange.h"
#include "tests/mutation/mutator.h"
#include "tests/mutation/truth.h"

ABSL_FLAG(uint32_t, port, 0, "The responder's, on 127.0.0.1.");
ABSL_FLAG(std::string, issuer, "", "The issuer's certificate (PEM).");
ABSL_FLAG(std::string, sibling, "", "Another issuer's certificate (PEM).");
ABSL_FLAG(std::vector<std::string>, good, {}, "Certificates (PEM) in force.");
ABSL_FLAG(std::vector<std::string>, revoked, {}, "Certificates (PEM) revoked.");
ABSL_FLAG(uint64_t, mutations, 50000, "Mutated requests to send.");
ABSL_FLAG(uint64_t, seed, 0, "Of every choice. 0: a new one.");
ABSL_FLAG(int64_t, only, -1, "Sends one stream of a seed, and shows it.");
ABSL_FLAG(uint32_t, threads, 4, "Connections at a time.");

namespace chancery::mutation {
namespace {

using SteadyClock = std::chrono::steady_clock;

// As the responder's own bound for a correct client among others: seconds.
constexpr double kLongestWait = 5;

struct Run {
  const Truth& truth;
  const uint16_t port;
  const uint64_t seed;
  std::atomic<uint64_t> next_stream = 0;
  std::atomic<uint64_t> mutated = 0;
  std::atomic<bool> failed = false;
  base::Mutex mu{};
  Counts counts{};
  double longest_wait = 0;

  void Fail(uint64_t stream, absl::string_view why) {
    failed = true;
    base::MutexLock lock(mu);
    std::fprintf(stderr, "WRONG: %s\nagain: --seed=%llu --only=%llu\n",
                 std::string(why).c_str(),
                 static_cast<unsigned long long>(seed),
                 static_cast<unsigned long long>(stream));
  }
};

uint64_t SeedOf(const Run& run, uint64_t stream) {
  return run.seed * 0x9e3779b97f4a7c15 + stream;
}

void SendMutations(Run& run, uint64_t wanted) {
  Judge judge(run.truth);
  Counts counts;
  while (run.mutated < wanted && !run.failed) {
    const uint64_t number = run.next_stream++;
    Mutator mutator(run.truth.requests(), SeedOf(run, number));
    const Stream stream = mutator.Next();
    const auto back = Converse(run.port, stream, number);
    if (!back.ok()) {
      run.Fail(number, back.status().ToString());
      break;
    }
    const size_t before = counts.mutated;
    const std::string wrong = CheckStream(stream, *back, judge, counts);
    if (!wrong.empty()) {
      run.Fail(number,
               absl::StrCat(wrong, "\nsent: ", absl::CEscape(stream.octets)));
      break;
    }
    run.mutated += counts.mutated - before;
  }
  base::MutexLock lock(run.mu);
  run.counts.Add(counts);
}

// Every correct request in turn, each on a connection of its own.
void AskCorrectly(Run& run, const std::atomic<bool>& stop) {
  Judge judge(run.truth);
  const std::vector<ValidRequest>& all = run.truth.requests();
  for (size_t i = 0; !run.failed; i = (i + 1) % all.size()) {
    Stream stream;
    stream.octets = absl::StrCat(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: "
        "application/ocsp-request\r\nContent-Length: ",
        all[i].der.size(), "\r\n\r\n", all[i].der);
    stream.certain = {all[i].answer};
    const auto start = SteadyClock::now();
    const auto back = Converse(run.port, stream, 250);
    const std::chrono::duration<double> took = SteadyClock::now() - start;
    Counts counts;
    const std::string wrong = back.ok()
                                  ? CheckStream(stream, *back, judge, counts)
                                  : back.status().ToString();
    if (!wrong.empty()) run.Fail(0, "a correct request: " + wrong);
    if (took.count() > kLongestWait) run.Fail(0, "a correct request waited");
    {
      base::MutexLock lock(run.mu);
      run.counts.certain += counts.certain;
      run.longest_wait = std::max(run.longest_wait, took.count());
    }
    // After the mutations each is asked once more.
    if (stop && i + 1 == all.size()) return;
    if (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

int ShowOne(Run& run, uint64_t number) {
  Mutator mutator(run.truth.requests(), SeedOf(run, number));
  const Stream stream = mutator.Next();
  const auto back = Converse(run.port, stream, number);
  std::printf("sent: %s\n", absl::CEscape(stream.octets).c_str());
  if (!back.ok()) {
    std::printf("%s\n", back.status().ToString().c_str());
    return 1;
  }
  std::printf("back: %s\n", absl::CEscape(*back).c_str());
  Judge judge(run.truth);
  const std::string wrong = CheckStream(stream, *back, judge, run.counts);
  std::printf("%s\n", wrong.empty() ? "right" : wrong.c_str());
  return wrong.empty() ? 0 : 1;
}

void Report(const Run& run, double seconds) {
  std::printf(
      "%zu mutated requests and %zu correct ones in %.1f s; the longest "
      "wait of a correct client: %.0f ms\n",
      run.counts.mutated, run.counts.certain, seconds, 1000 * run.longest_wait);
  std::printf("HTTP status:");
  for (const auto& [status, count] : run.counts.statuses) {
    std::printf(" %d: %zu", status, count);
  }
  static constexpr const char* kNames[] = {"good", "revoked", "unauthorized",
                                           "malformed, or no OCSP answer"};
  std::printf("\nmutated requests' answers:");
  for (const auto& [answer, count] : run.counts.answers) {
    std::printf(" %s: %zu", kNames[static_cast<size_t>(answer)], count);
  }
  std::printf("\n");
}

int Main() {
  const auto truth = Truth::Load({.issuer = absl::GetFlag(FLAGS_issuer),
                                  .sibling = absl::GetFlag(FLAGS_sibling),
                                  .good = absl::GetFlag(FLAGS_good),
                                  .revoked = absl::GetFlag(FLAGS_revoked)});
  if (!truth.ok()) {
    std::fprintf(stderr, "%s\n", truth.status().ToString().c_str());
    return 2;
  }
  uint64_t seed = absl::GetFlag(FLAGS_seed);
  if (seed == 0) seed = std::random_device()();
  std::printf("--seed=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Run run{.truth = *truth,
          .port = static_cast<uint16_t>(absl::GetFlag(FLAGS_port)),
          .seed = seed};
  if (const int64_t only = absl::GetFlag(FLAGS_only); only >= 0) {
    return ShowOne(run, static_cast<uint64_t>(only));
  }
  const auto start = SteadyClock::now();
  std::atomic<bool> stop = false;
  std::thread correct([&] { AskCorrectly(run, stop); });
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < absl::GetFlag(FLAGS_threads); ++i) {
    threads.emplace_back(
        [&] { SendMutations(run, absl::GetFlag(FLAGS_mutations)); });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  correct.join();
  const std::chrono::duration<double> took = SteadyClock::now() - start;
  Report(run, took.count());
  return run.failed ? 1 : 0;
}

}  // namespace
}  // namespace chancery::mutation

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return chancery::mutation::Main();
}
