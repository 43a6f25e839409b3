#include "signer/ledger/ledger_audit.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "ledger/entry.h"
#include "merkle/tree.h"
#include "signer/ledger/kv_overlay.h"
#include "signer/ledger/state_update.h"

namespace chancery::signer {
namespace {

absl::Status Differs(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("ledger: ", what));
}

// What replay starts from: nothing but the entries, which it may look back at.
class EntriesAlone final : public KvReader {
 public:
  explicit EntriesAlone(const KvReader& all) : all_(all) {}

  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override {
    if (key.empty() || key[0] != static_cast<char>(Row::kEntry)) {
      return std::nullopt;
    }
    return all_.Get(key);
  }
  absl::Status Scan(absl::string_view, absl::string_view,
                    Visitor) const override {
    return absl::OkStatus();
  }

 private:
  const KvReader& all_;
};

// Calls `visit` with each entry from `from` on, and its bytes; checks that the
// indices have no gap and times do not fall. The number of entries in the log.
absl::StatusOr<uint64_t> ReadLog(
    const KvReader& reader, uint64_t from,
    absl::FunctionRef<absl::Status(const ledger::Entry&, absl::string_view)>
        visit) {
  uint64_t next = from;
  absl::Time last = absl::InfinitePast();
  absl::Status read;
  RETURN_IF_ERROR(reader.Scan(
      EntryKey(from), EndOf(EntryKey(~0ull)),
      [&](absl::string_view key, absl::string_view value) {
        const absl::StatusOr<ledger::Entry> entry =
            ledger::ParseEntry(base::AsBytes(value));
        if (!entry.ok() || key != EntryKey(next) || entry->index != next ||
            entry->time < last) {
          read = Differs(absl::StrCat("entry ", next, " is damaged"));
          return false;
        }
        last = entry->time;
        ++next;
        read = visit(*entry, value);
        return read.ok();
      }));
  RETURN_IF_ERROR(read);
  return next;
}

absl::Status CheckNoRows(const KvReader& reader) {
  bool any = false;
  RETURN_IF_ERROR(
      reader.Scan("", "", [&any](absl::string_view key, absl::string_view) {
        any = key.empty() || !IsLocal(key[0]);
        return !any;
      }));
  return any ? Differs("it has rows but no marker") : absl::OkStatus();
}

absl::Status CheckMarker(const Marker& marker, const merkle::Frontier& frontier,
                         absl::Time last_time) {
  if (marker.frontier.size() != frontier.size()) {
    return Differs(absl::StrCat("the state is that of ", marker.frontier.size(),
                                " entries, the log has ", frontier.size()));
  }
  if (marker.frontier.Encode() != frontier.Encode()) {
    return Differs("the root over the entries is not the one written down");
  }
  if (marker.last_time != last_time) {
    return Differs("the last entry's time is not the one written down");
  }
  return absl::OkStatus();
}

// Whether `other` has each derived row of `one`.
absl::Status CheckDerivedRowsIn(const KvReader& other, const KvReader& one) {
  absl::Status compared;
  RETURN_IF_ERROR(
      one.Scan("", "", [&](absl::string_view key, absl::string_view value) {
        if (key.empty() || !IsDerived(key[0])) return true;
        const auto found = other.Get(key);
        if (!found.ok()) {
          compared = found.status();
        } else if (!found->has_value() || **found != value) {
          compared = Differs(absl::StrCat("row ", base::Hex(base::AsBytes(key)),
                                          " does not follow from the entries"));
        }
        return compared.ok();
      }));
  return compared;
}

// What the log's roots of subtrees were at a multiple of the interval.
absl::StatusOr<merkle::Frontier> CheckpointAt(const KvReader& reader,
                                              uint64_t size) {
  if (size == 0) return merkle::Frontier();
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   reader.Get(CheckpointKey(size)));
  if (!stored.has_value()) return DamagedRow("checkpoint");
  auto parsed = merkle::Frontier::Parse(base::AsBytes(*stored));
  if (!parsed.ok() || parsed->size() != size) return DamagedRow("checkpoint");
  return parsed;
}

}  // namespace

absl::StatusOr<merkle::Frontier> FrontierAt(const KvReader& reader,
                                            uint64_t size) {
  ASSIGN_OR_RETURN(
      merkle::Frontier frontier,
      CheckpointAt(reader, size / kCheckpointInterval * kCheckpointInterval));
  RETURN_IF_ERROR(
      reader.Scan(EntryKey(frontier.size()), EntryKey(size),
                  [&frontier](absl::string_view, absl::string_view entry) {
                    frontier.Append(merkle::LeafHash(base::AsBytes(entry)));
                    return true;
                  }));
  if (frontier.size() != size) {
    return Differs(absl::StrCat("of its first ", size, " entries some lack"));
  }
  return frontier;
}

absl::StatusOr<Marker> CheckTail(const KvReader& reader) {
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   reader.Get(MarkerKey()));
  if (!stored.has_value()) {
    RETURN_IF_ERROR(CheckNoRows(reader));
    return Marker();
  }
  ASSIGN_OR_RETURN(Marker marker, ParseMarker(*stored));
  const uint64_t size = marker.frontier.size();
  if (size == 0) return Differs("its marker is that of an empty log");

  // The last checkpoint before the last entry, so that this is always read.
  const uint64_t start = (size - 1) / kCheckpointInterval * kCheckpointInterval;
  ASSIGN_OR_RETURN(merkle::Frontier frontier, CheckpointAt(reader, start));
  absl::Time last_time = absl::InfinitePast();
  const auto log_size = ReadLog(
      reader, start, [&](const ledger::Entry& entry, absl::string_view bytes) {
        frontier.Append(merkle::LeafHash(base::AsBytes(bytes)));
        last_time = entry.time;
        return absl::OkStatus();
      });
  RETURN_IF_ERROR(log_size.status());
  RETURN_IF_ERROR(CheckMarker(marker, frontier, last_time));
  return marker;
}

absl::Status AuditLedger(const KvReader& reader) {
  ASSIGN_OR_RETURN(const Marker marker, CheckTail(reader));
  const EntriesAlone entries(reader);
  KvOverlay replayed(entries);
  merkle::Frontier frontier;
  absl::Time last_time = absl::InfinitePast();
  const auto log_size = ReadLog(
      reader, 0, [&](const ledger::Entry& entry, absl::string_view bytes) {
        frontier.Append(merkle::LeafHash(base::AsBytes(bytes)));
        last_time = entry.time;
        const absl::Status applied = ApplyEntry(entry, replayed);
        if (applied.ok()) return applied;
        return Differs(absl::StrCat("entry ", entry.index,
                                    " was not allowed: ", applied.message()));
      });
  RETURN_IF_ERROR(log_size.status());
  RETURN_IF_ERROR(CheckMarker(marker, frontier, last_time));
  RETURN_IF_ERROR(CheckDerivedRowsIn(reader, replayed));
  return CheckDerivedRowsIn(replayed, reader);
}

}  // namespace chancery::signer
