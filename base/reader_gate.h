// Readers that count no references, and a writer who knows when they are done.
//
//   {
//     const ReaderGate::Reader reader(gate);
//     const T* current = pointer.load();   // Usable until `reader` ends.
//   }
//
//   const T* old = pointer.exchange(next);
//   if (gate.Wait(patience)) delete old;   // Nobody can have it any more.
#ifndef CHANCERY_BASE_READER_GATE_H_
#define CHANCERY_BASE_READER_GATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace chancery::base {

// A shared_ptr's count is one cache line that every core writes at every read.
// Here a thread writes a line of its own, as long as there are no more threads
// than lines. Pointers that readers load are std::atomic, loaded and replaced
// with the default order. Thread-safe.
class ReaderGate {
 public:
  ReaderGate() = default;
  ReaderGate(const ReaderGate&) = delete;
  ReaderGate& operator=(const ReaderGate&) = delete;

  // While it lives, what its thread loads is not freed. Short: writers wait.
  class Reader {
   public:
    explicit Reader(const ReaderGate& gate) : count_(gate.Mine()) {
      count_.fetch_add(1);
    }
    ~Reader() { count_.fetch_sub(1, std::memory_order_release); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    std::atomic<uint32_t>& count_;
  };

  // True once each Reader that was alive at the call has ended; false if one
  // has not within `patience`. Readers that begin meanwhile do not matter. Not
  // to be called while the own thread reads.
  bool Wait(absl::Duration patience) const;

 private:
  static constexpr size_t kLines = 64;
  struct alignas(64) Line {
    std::atomic<uint32_t> readers{0};
  };

  std::atomic<uint32_t>& Mine() const {
    static std::atomic<size_t> threads{0};
    thread_local const size_t number = threads.fetch_add(1);
    return lines_[number % kLines].readers;
  }

  mutable std::array<Line, kLines> lines_;
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_READER_GATE_H_
