#include "responder/cache/update_verifier.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/record.h"

namespace chancery::responder {
namespace {

constexpr absl::Duration kMaxClockLag = absl::Minutes(5);
constexpr size_t kOneIn = 100;

absl::Status NotAfter(const char* what, absl::Time time, absl::Time now) {
  if (time <= now + kMaxClockLag) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": ", absl::FormatTime(time),
                   " is in the future of this clock, ", absl::FormatTime(now)));
}

}  // namespace

absl::Status UpdateVerifier::CheckManifest(const block::Signed& signed_manifest,
                                           const block::Manifest& manifest,
                                           absl::Time now) const {
  ASSIGN_OR_RETURN(const crypto::PublicKey key,
                   keys_.Now()->FindManifestKey(signed_manifest.key_id,
                                                manifest.issuer_id, now));
  RETURN_IF_ERROR(block::Verify(block::kManifestType, signed_manifest, key));
  if (std::memcmp(manifest.block_id.data(), manifest.issuer_id.data(), 8) !=
      0) {
    return absl::InvalidArgumentError("manifest: block_id of another issuer");
  }
  if (manifest.templates.empty()) {
    return absl::InvalidArgumentError("manifest: names no templates");
  }
  return NotAfter("this_update", manifest.this_update, now);
}

absl::Status UpdateVerifier::CheckKey(const block::Block& held,
                                      absl::Time now) const {
  return keys_.Now()
      ->FindManifestKey(held.signed_manifest().key_id,
                        held.manifest().issuer_id, now)
      .status();
}

absl::Status UpdateVerifier::CheckRecords(const block::Block& block,
                                          const std::vector<uint32_t>& places,
                                          absl::Time now) const {
  const auto number = issuers_.WithId(block.manifest().issuer_id);
  if (!number.has_value()) {
    return absl::PermissionDeniedError(
        absl::StrCat("issuer ", base::Hex(block.manifest().issuer_id),
                     " is not in the key set"));
  }
  std::vector<uint32_t> filled;
  for (uint32_t place : places) {
    const block::RecordFacts facts = block.Facts(place);
    if (facts.status == block::RecordStatus::kEmpty) continue;
    RETURN_IF_ERROR(NotAfter("this_update", facts.this_update, now));
    filled.push_back(place);
  }
  size_t first = 0;
  if (!filled.empty()) {
    const std::string chance = random_.Bytes(1);
    first = static_cast<uint8_t>(chance[0]) % std::min(kOneIn, filled.size());
  }
  for (size_t i = 0; i < block.templates().size(); ++i) {
    const block::OcspTemplate& one = *block.templates()[i];
    ASSIGN_OR_RETURN(const crypto::PublicKey signer,
                     signers_.Of(one, issuers_[*number]));
    std::string tbs;
    for (size_t at = first; at < filled.size(); at += kOneIn) {
      tbs.clear();
      one.BuildTbs(block.Facts(filled[at]), tbs);
      const std::string signature = one.Expand(block.Signature(filled[at], i));
      if (!signer
               .Verify(one.algorithm(), base::AsBytes(tbs),
                       base::AsBytes(signature))
               .ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "block: the signature at place ", filled[at], " does not verify"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<block::Block> UpdateVerifier::Open(
    base::Bytes encoded, const block::TemplateMap& known,
    absl::Time now) const {
  ASSIGN_OR_RETURN(block::Block opened, block::Block::Parse(encoded, known));
  RETURN_IF_ERROR(
      CheckManifest(opened.signed_manifest(), opened.manifest(), now));
  RETURN_IF_ERROR(opened.Check());
  std::vector<uint32_t> places(opened.count());
  for (uint32_t place = 0; place < opened.count(); ++place)
    places[place] = place;
  RETURN_IF_ERROR(CheckRecords(opened, places, now));
  return opened;
}

absl::StatusOr<block::Block> UpdateVerifier::Reopen(
    base::Bytes encoded, const block::TemplateMap& known,
    absl::Time now) const {
  ASSIGN_OR_RETURN(block::Block opened, block::Block::Parse(encoded, known));
  RETURN_IF_ERROR(
      CheckManifest(opened.signed_manifest(), opened.manifest(), now));
  std::vector<uint32_t> places;
  for (uint32_t place = 0; place < opened.count() && places.empty(); ++place) {
    if (!opened.Serial(place).empty()) places.push_back(place);
  }
  RETURN_IF_ERROR(CheckRecords(opened, places, now));
  return opened;
}

absl::StatusOr<block::Block> UpdateVerifier::Advance(const block::Block& held,
                                                     const block::Delta& delta,
                                                     absl::Time now) const {
  RETURN_IF_ERROR(CheckManifest(delta.signed_manifest, delta.manifest, now));
  if (delta.manifest.version <= held.version()) {
    return absl::InvalidArgumentError("delta: leads backwards");
  }
  ASSIGN_OR_RETURN(block::Block next, held.Apply(delta));
  std::vector<uint32_t> places;
  for (const block::Change& change : delta.changes)
    places.push_back(change.place);
  RETURN_IF_ERROR(CheckRecords(next, places, now));
  return next;
}

}  // namespace chancery::responder
