#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "audit/answer_check.h"
#include "audit/block_check.h"
#include "audit/questions.h"
#include "audit/stage.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::audit {
namespace {

constexpr size_t kQuestionsAtOnce = 512;
// How often what differs is read again, and how long before: so that a healthy
// cluster has the time that it needs, and a broken one does not take an hour.
constexpr int kLooks = 6;
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);

// One answer to ask for.
struct Question {
  uint32_t place = 0;
  size_t template_number = 0;
};

// Blocks one after the other, each with what every responder answers about it.
class BlockStage {
 public:
  explicit BlockStage(Stage& stage)
      : stage_(stage),
        patience_(stage.parts.responders.size(), stage.options.patience),
        dropped_(stage.parts.responders.size(), false) {}

  void Run() {
    const auto versions = stage_.parts.inventory->BlockVersions();
    if (!versions.ok()) {
      stage_.NotChecked("inventory blocks", versions.status());
      return;
    }
    // Those of the ledger, and those that nobody began.
    std::vector<std::string> ids;
    for (const AuditedBlock& block : stage_.replay.blocks().blocks()) {
      if (block.NewestOf(stage_.followed) != nullptr) ids.push_back(block.id);
    }
    for (const auto& [id, version] : *versions) {
      const AuditedBlock* const known = stage_.replay.blocks().Find(id);
      if (known == nullptr || known->NewestOf(stage_.followed) == nullptr) {
        ids.push_back(id);
      }
    }
    ChooseSample();
    for (size_t i = 0; i < ids.size(); ++i) {
      stage_.Progress("blocks", i, ids.size());
      CheckOne(ids[i]);
    }
    stage_.Progress("blocks", ids.size(), ids.size());
  }

 private:
  // One in so many certificates, from a random one on.
  void ChooseSample() {
    const uint64_t all = stage_.replay.certificates().size();
    const uint64_t sample = stage_.options.sample;
    if (sample == 0 || sample >= all) return;
    step_ = all / sample;
    const std::string chance = stage_.parts.random.Bytes(4);
    for (const char byte : chance) {
      at_ = at_ * 256 + static_cast<uint8_t>(byte);
    }
    at_ %= step_;
  }

  absl::StatusOr<HeldBlock> Load(const std::string& id) {
    ASSIGN_OR_RETURN(const storage::BlockRow row,
                     stage_.parts.inventory->GetBlock(id));
    for (const std::string& template_id : row.template_ids) {
      RETURN_IF_ERROR(LoadTemplate(template_id));
    }
    return RebuildBlock(row, templates_);
  }

  absl::Status LoadTemplate(const std::string& id) {
    block::TemplateId key{};
    if (id.size() != key.size()) {
      return absl::DataLossError("a template's id has not 32 octets");
    }
    std::copy(id.begin(), id.end(), key.begin());
    if (templates_.contains(key)) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::string data,
                     stage_.parts.inventory->GetTemplate(id));
    ASSIGN_OR_RETURN(block::OcspTemplate made,
                     block::OcspTemplate::Parse(base::AsBytes(data)));
    if (made.id() != key) {
      return absl::DataLossError("a template is not what its id says");
    }
    templates_[key] =
        std::make_shared<const block::OcspTemplate>(std::move(made));
    return absl::OkStatus();
  }

  // What the inventory has, judged. Null: it cannot be used at all.
  std::shared_ptr<const block::Block> Judge(const std::string& id,
                                            bool signatures,
                                            Findings& findings) {
    const auto about = [&](Kind kind, std::string text) {
      return Finding(kind, std::move(text)).With("block", base::AsBytes(id));
    };
    const auto held = Load(id);
    if (absl::IsUnavailable(held.status())) {
      stage_.NotChecked(absl::StrCat("block ", base::Hex(base::AsBytes(id))),
                        held.status());
      return nullptr;
    }
    const AuditedBlock* known = stage_.replay.blocks().Find(id);
    const bool ended = known != nullptr && HasEnded(*known);
    if (absl::IsNotFound(held.status())) {
      if (ended) return nullptr;
      findings.Add(about(Kind::kInventoryBlockMissing,
                         "the inventory has no block that the ledger signed"));
      return nullptr;
    }
    if (!held.ok()) {
      findings.Add(
          about(Kind::kBlockDamaged, std::string(held.status().message())));
      return nullptr;
    }
    const block::Block& block = *held->block;
    const block::Manifest& manifest = block.manifest();
    if (base::ToString(manifest.block_id) != id) {
      findings.Add(about(Kind::kBlockDamaged,
                         "the inventory has another block under its id"));
      return nullptr;
    }
    // It may be newer than what was read of the ledger.
    if (known == nullptr || known->Find(block.version()) == nullptr) {
      ReadLedger(stage_);
      known = stage_.replay.blocks().Find(id);
    }
    const ManifestRef* const newest =
        known == nullptr ? nullptr : known->NewestOf(stage_.followed);
    if (newest != nullptr && block.version() < newest->version) {
      findings.Add(about(Kind::kInventoryBlockStale,
                         "the inventory's block is not the newest that the "
                         "ledger signed")
                       .With("expected", newest->version)
                       .With("found", block.version()));
    }
    if (!ended && manifest.next_update <= stage_.parts.clock.Now()) {
      findings.Add(about(Kind::kInventoryBlockStale,
                         "the inventory's block was not signed again in time")
                       .With("next_update", manifest.next_update));
    }
    CheckVersions(stage_.replay, stage_.parts.keys, *held, findings);
    std::vector<std::string> unissued;
    CheckRecords(stage_.replay, block, findings, unissued);
    const std::string issuer_id = base::ToString(manifest.issuer_id);
    for (const std::string& serial : unissued) {
      stage_.unissued.push_back({issuer_id, serial});
    }
    const PinnedKeys::Issuer* const issuer = stage_.parts.keys.Find(issuer_id);
    if (issuer == nullptr) {
      findings.Add(about(Kind::kManifestNotVerified,
                         "its issuer is not in the key set"));
      return nullptr;
    }
    if (signatures) {
      CheckRecordSignatures(block, issuer->certificate, stage_.options.threads,
                            findings);
    }
    return held->block;
  }

  void CheckOne(const std::string& id) {
    std::shared_ptr<const block::Block> block;
    Findings found;
    absl::Duration pause = kFirstPause;
    for (int look = 0; look < kLooks; ++look) {
      found = Findings();
      const size_t unissued = stage_.unissued.size();
      block = Judge(id, look == 0, found);
      if (found.empty() || inventory_patience_ <= absl::ZeroDuration()) break;
      if (look + 1 == kLooks) break;
      stage_.unissued.resize(unissued);
      stage_.parts.wait(pause);
      inventory_patience_ -= pause;
      pause *= 2;
    }
    stage_.report.findings.Absorb(std::move(found));
    if (block == nullptr) return;
    ++stage_.report.checked["blocks"];
    stage_.report.checked["records"] += block->count();
    AskAbout(id, *block);
  }

  // Nobody is told anything of an expired certificate.
  bool HasEnded(const AuditedBlock& block, size_t place) const {
    return place < block.members.size() &&
           stage_.replay.certificates().at(block.members[place]).not_after <=
               absl::ToUnixSeconds(stage_.parts.clock.Now());
  }
  bool HasEnded(const AuditedBlock& block) const {
    for (size_t place = 0; place < block.members.size(); ++place) {
      if (!HasEnded(block, place)) return false;
    }
    return true;
  }

  std::vector<Question> QuestionsOn(const block::Block& block) {
    std::vector<Question> out;
    const AuditedBlock* const known =
        stage_.replay.blocks().Find(base::ToString(block.manifest().block_id));
    for (uint32_t place = 0; place < block.count(); ++place) {
      if (block.Facts(place).status == block::RecordStatus::kEmpty) continue;
      if (known != nullptr && HasEnded(*known, place)) continue;
      if (step_ > 1 && at_++ % step_ != 0) continue;
      for (size_t i = 0; i < block.templates().size(); ++i) {
        out.push_back({place, i});
      }
    }
    return out;
  }

  void AskAbout(const std::string& id, const block::Block& block) {
    const std::vector<Question> questions = QuestionsOn(block);
    if (questions.empty()) return;
    const size_t count = stage_.parts.responders.size();
    std::vector<Outcome> outcomes(count);
    std::vector<std::thread> running;
    for (size_t i = 0; i < count; ++i) {
      if (dropped_[i]) continue;
      running.emplace_back([&, i] {
        outcomes[i] = Ask(*stage_.parts.responders[i], block, questions);
      });
    }
    for (std::thread& one : running) one.join();
    for (size_t i = 0; i < count; ++i) {
      if (!dropped_[i]) Settle(i, id, std::move(outcomes[i]), questions.size());
    }
  }

  struct Outcome {
    absl::Status status;
    std::vector<Question> wrong;
    std::vector<Finding> findings;  // One for each that is wrong.
  };

  // What `responder` answers, beside what `block` has.
  Outcome Ask(ResponderSource& responder, const block::Block& block,
              const std::vector<Question>& questions) const {
    Outcome out;
    const PinnedKeys::Issuer& issuer =
        *stage_.parts.keys.Find(base::ToString(block.manifest().issuer_id));
    const absl::Time now = stage_.parts.clock.Now();
    std::string expected;
    for (size_t from = 0; from < questions.size(); from += kQuestionsAtOnce) {
      const size_t to = std::min(questions.size(), from + kQuestionsAtOnce);
      std::vector<std::string> requests;
      for (size_t i = from; i < to; ++i) {
        if (questions[i].template_number >= block.templates().size()) {
          out.status = absl::UnavailableError("the issuer's templates changed");
          return out;
        }
        requests.push_back(QuestionFor(
            issuer.certificate, block.Serial(questions[i].place),
            block.templates()[questions[i].template_number]->form()));
      }
      const auto answers = responder.AskOcsp(requests);
      if (!answers.ok()) {
        out.status = answers.status();
        return out;
      }
      for (size_t i = from; i < to; ++i) {
        expected.clear();
        if (block.Facts(questions[i].place).status !=
            block::RecordStatus::kEmpty) {
          block.AppendResponse(questions[i].place, questions[i].template_number,
                               expected);
        }
        auto finding =
            CheckAnswer({.issuer = issuer.certificate,
                         .serial = block.Serial(questions[i].place),
                         .where = responder.name(),
                         .found = base::AsBytes((*answers)[i - from]),
                         .expected = base::AsBytes(expected),
                         .now = now});
        if (!finding.has_value()) continue;
        out.wrong.push_back(questions[i]);
        out.findings.push_back(*std::move(finding));
      }
    }
    return out;
  }

  // Asks again, beside what the inventory has then, as long as it helps.
  void Settle(size_t number, const std::string& id, Outcome outcome,
              size_t asked) {
    ResponderSource& responder = *stage_.parts.responders[number];
    absl::Duration pause = kFirstPause;
    for (int look = 1; look < kLooks; ++look) {
      if (outcome.status.ok() && outcome.wrong.empty()) break;
      if (look > 1 && patience_[number] <= absl::ZeroDuration()) break;
      stage_.parts.wait(pause);
      patience_[number] -= pause;
      pause *= 2;
      const auto again = Load(id);
      if (!again.ok()) break;
      if (outcome.status.ok()) {
        outcome = Ask(responder, *again->block, outcome.wrong);
      } else {
        outcome = Ask(responder, *again->block, QuestionsOn(*again->block));
      }
    }
    if (!outcome.status.ok()) {
      stage_.NotChecked(absl::StrCat("responder ", responder.name()),
                        outcome.status);
      dropped_[number] = true;
      return;
    }
    stage_.report.checked["answers"] += asked;
    for (Finding& finding : outcome.findings) {
      stage_.report.findings.Add(
          std::move(finding).With("block", base::AsBytes(id)));
    }
  }

  Stage& stage_;
  block::TemplateMap templates_;
  uint64_t step_ = 1;
  uint64_t at_ = 0;
  absl::Duration inventory_patience_ = stage_.options.patience;
  std::vector<absl::Duration> patience_;  // Left, by responder.
  std::vector<bool> dropped_;             // Those that do not answer.
};

}  // namespace

void AuditBlocks(Stage& stage) { BlockStage(stage).Run(); }

namespace {

// A serial as the signer makes them, which it did not make.
std::string MadeUpSerial(Stage& stage, const std::string& issuer_id) {
  std::string serial = stage.parts.random.Bytes(16);
  serial[0] = static_cast<char>((serial[0] & 0x3f) | 0x40);
  const CertificateTable& table = stage.replay.certificates();
  if (table.size() == 0) return serial;
  const std::string chance = stage.parts.random.Bytes(4);
  uint32_t number = 0;
  for (const char byte : chance)
    number = number * 256 + static_cast<uint8_t>(byte);
  const CertificateFacts& like = table.at(number % table.size());
  if (like.serial_size < 8 || table.issuer_id(like.issuer) != issuer_id) {
    return serial;
  }
  return base::ToString(like.serial().first(1)) +
         stage.parts.random.Bytes(like.serial_size - 1);
}

}  // namespace

void AuditRefusals(Stage& stage) {
  std::vector<Stage::Unissued> serials = std::move(stage.unissued);
  for (const auto& [issuer_id, issuer] : stage.parts.keys.issuers()) {
    for (int i = 0; i < stage.options.made_up_serials; ++i) {
      std::string serial = MadeUpSerial(stage, issuer_id);
      if (stage.replay.certificates().Find(issuer_id, serial)) continue;
      serials.push_back({issuer_id, std::move(serial)});
    }
  }
  for (ResponderSource* const responder : stage.parts.responders) {
    std::vector<std::string> requests;
    std::vector<const Stage::Unissued*> asked;
    for (const Stage::Unissued& one : serials) {
      const PinnedKeys::Issuer* const issuer =
          stage.parts.keys.Find(one.issuer_id);
      if (issuer == nullptr) continue;
      asked.push_back(&one);
      requests.push_back(QuestionFor(issuer->certificate,
                                     base::AsBytes(one.serial),
                                     block::CertIdForm::kSha1));
    }
    const auto answers = responder->AskOcsp(requests);
    if (!answers.ok()) {
      stage.NotChecked(
          absl::StrCat("unissued serials at responder ", responder->name()),
          answers.status());
      continue;
    }
    // A serial that was made up can be issued a moment later.
    if (!ReadLedger(stage)) return;
    for (size_t i = 0; i < asked.size(); ++i) {
      if (stage.replay.certificates().Find(asked[i]->issuer_id,
                                           asked[i]->serial)) {
        continue;
      }
      auto finding = CheckRefusal(
          {.issuer = stage.parts.keys.Find(asked[i]->issuer_id)->certificate,
           .serial = base::AsBytes(asked[i]->serial),
           .where = responder->name(),
           .found = base::AsBytes((*answers)[i]),
           .expected = {},
           .now = stage.parts.clock.Now()});
      if (finding.has_value()) {
        stage.report.findings.Add(*std::move(finding));
      }
    }
    stage.report.checked["refusals"] += asked.size();
  }
}

}  // namespace chancery::audit
