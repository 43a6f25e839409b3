// Runs a fuzz target without a fuzzer, over the files of its corpus:
//
//   replay_corpus FILE...
//
// Each as it is, cut off at every length, and with every octet changed a
// little: what made a fuzzer find something once is found again by every build.
// Inputs lie at the end of their memory, so that a sanitizer sees a read
// beyond.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Of larger files only so much is changed, to be done in seconds.
constexpr size_t kMostChanged = 1024;

void Run(std::vector<uint8_t> input) {
  input.shrink_to_fit();
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

void RunNear(const std::vector<uint8_t>& input) {
  const size_t end = std::min(input.size(), kMostChanged);
  for (size_t at = 0; at < end; ++at) {
    Run({input.begin(), input.begin() + static_cast<ptrdiff_t>(at)});
    std::vector<uint8_t> changed = input;
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      changed[at] = static_cast<uint8_t>(input[at] ^ flip);
      Run(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
      return 1;
    }
    // Before it runs: a crash says no more.
    std::printf("%s\n", argv[i]);
    std::fflush(stdout);
    const std::vector<uint8_t> input{std::istreambuf_iterator<char>(file), {}};
    Run(input);
    RunNear(input);
    ++files;
  }
  std::printf("%zu files\n", files);
  return files == 0 ? 1 : 0;
}
