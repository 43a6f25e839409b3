// The state of one response block, whoever holds it: signer, refresher or
// responder.
//
//   ASSIGN_OR_RETURN(Block block, Block::Parse(bytes, templates));
//   RETURN_IF_ERROR(block.Check());              // It is what its manifest
//   says. ASSIGN_OR_RETURN(Block next, block.Apply(delta));
#ifndef CHANCERY_BLOCK_BLOCK_H_
#define CHANCERY_BLOCK_BLOCK_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "block/delta.h"
#include "block/manifest.h"
#include "block/record.h"
#include "block/rows.h"
#include "block/template.h"
#include "merkle/multiproof.h"

namespace chancery::block {

using Templates = std::vector<std::shared_ptr<const OcspTemplate>>;

// The templates that a manifest names. FailedPrecondition names the first that
// is not in `known`.
absl::StatusOr<Templates> Resolve(const Manifest& manifest,
                                  const TemplateMap& known);

// What an encoded block's manifest says, before its templates are known.
absl::StatusOr<Manifest> ManifestOf(base::Bytes encoded_block);

// Leaves of the two trees over a block's places (FORMAT.md).
merkle::Hash EmptyLeaf();
merkle::Hash RecordLeaf(uint32_t place, const Templates& templates,
                        const RecordFacts& facts,
                        std::span<const base::Bytes> signatures);
merkle::Hash StatusLeaf(uint32_t place, const RecordFacts& facts);

// Immutable; thread-safe. 82 bytes a record for P-256, one CertID form and our
// own serials. No signature is checked here: whoever takes a block from
// elsewhere verifies its manifest first.
class Block {
 public:
  // `records` by place, at most capacity; their signatures fit the templates.
  // The manifest's roots are not looked at.
  static Block Make(Signed signed_manifest, Manifest manifest,
                    Templates templates, const std::vector<Record>& records);

  // InvalidArgument: not an encoding. FailedPrecondition: a template is
  // unknown.
  static absl::StatusOr<Block> Parse(base::Bytes encoded,
                                     const TemplateMap& known);
  std::string Encode() const;

  const Manifest& manifest() const { return manifest_; }
  const Signed& signed_manifest() const { return signed_; }
  const Templates& templates() const { return templates_; }
  uint64_t version() const { return manifest_.version; }
  // Places that have been given out; each below has a record or is empty.
  uint32_t count() const { return rows_.count(); }

  // What each record has of its own lies in a file without a name in `folder`
  // from now on, for the kernel to keep in memory as far as it can. After an
  // error (ResourceExhausted: no room) it is where it was.
  absl::Status MoveToFile(const std::string& folder) {
    return rows_.MoveToFile(folder);
  }

  // Asks for a record's memory without waiting for it.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(uint32_t place) const {
    rows_.Prefetch(place);
  }

  // Views into this block.
  RecordFacts Facts(uint32_t place) const;
  base::Bytes Serial(uint32_t place) const { return rows_.Serial(place); }
  base::Bytes Signature(uint32_t place, size_t template_number) const;
  Record At(uint32_t place) const;
  std::vector<Record> Records() const;

  // The OCSPResponse of a place that is not empty, appended to `out`.
  void AppendResponse(uint32_t place, size_t template_number,
                      std::string& out) const;

  // Rebuilds every record and compares both roots with the manifest.
  // DataLoss names what differs.
  absl::Status Check() const;

  // The trees over all places, for whoever makes deltas.
  merkle::PerfectTree RecordTree() const;
  merkle::PerfectTree StatusTree() const;

  // This block after `delta`. FailedPrecondition: it leads from another version
  // (the message says which is held) or has other templates. InvalidArgument: a
  // record or a path is not what the manifest commits to.
  absl::StatusOr<Block> Apply(const Delta& delta) const;

 private:
  Block() = default;
  // Both for records whose signatures fit the templates.
  void Append(const Record& record);
  void Replace(uint32_t place, const Record& record);
  void SetSignature(uint32_t place, size_t template_number, base::Bytes bytes);
  // Octets of a row's signatures before those of this template, or of all.
  size_t SignaturesBefore(size_t template_number) const;

  Signed signed_;
  Manifest manifest_;
  Templates templates_;
  struct OwnTimes {
    uint32_t place;
    int64_t this_update;
    int64_t next_update;
  };
  struct Revoked {
    uint32_t place;
    int64_t time;
    uint8_t reason;
  };
  Rows rows_;
  // By place; records without have the block's.
  std::vector<OwnTimes> own_times_;
  std::vector<Revoked> revoked_;  // By place.
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_BLOCK_H_
