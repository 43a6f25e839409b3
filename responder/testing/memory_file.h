#ifndef CHANCERY_RESPONDER_TESTING_MEMORY_FILE_H_
#define CHANCERY_RESPONDER_TESTING_MEMORY_FILE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "base/fd.h"

namespace chancery::responder::testing {

// An open file without a name that holds `content`.
std::shared_ptr<const base::Fd> MemoryFile(absl::string_view content);

// What a file holds from `offset`, at most `size` bytes.
std::string ReadPart(int file, size_t offset, size_t size);

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_TESTING_MEMORY_FILE_H_
