// RETURN_IF_ERROR and ASSIGN_OR_RETURN, until our Abseil ships its own.
#ifndef CHANCERY_BASE_STATUS_MACROS_H_
#define CHANCERY_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"

// Returns from the enclosing function when `expr`, an absl::Status, is not OK.
#define RETURN_IF_ERROR(expr)                          \
  do {                                                 \
    if (absl::Status s_ = (expr); !s_.ok()) return s_; \
  } while (false)

// Declares `lhs` from the absl::StatusOr `expr`, or returns its error.
#define ASSIGN_OR_RETURN(lhs, expr) \
  CHANCERY_ASSIGN_OR_RETURN_(CHANCERY_CONCAT_(or_, __LINE__), lhs, expr)
#define CHANCERY_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) return std::move(tmp).status();   \
  lhs = *std::move(tmp)
#define CHANCERY_CONCAT_(a, b) CHANCERY_CONCAT_INNER_(a, b)
#define CHANCERY_CONCAT_INNER_(a, b) a##b

#endif  // CHANCERY_BASE_STATUS_MACROS_H_
