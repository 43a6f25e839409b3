#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/crl_check.h"
#include "audit/issuer_book.h"
#include "audit/stage.h"
#include "base/bytes.h"
#include "storage/read_crl.h"
#include "x509/crl/crl.h"

namespace chancery::audit {
namespace {

constexpr int kLooks = 6;
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

struct Scope {
  std::string issuer_id;
  uint32_t shard = 0;

  friend auto operator<=>(const Scope&, const Scope&) = default;
};

// The number of a CRL that may be anything; 0: it has none.
uint64_t NumberOf(const std::string& der) {
  const auto crl = x509::ParseCrl(base::AsBytes(der));
  return crl.ok() ? crl->number.value_or(0) : 0;
}

class CrlStage {
 public:
  explicit CrlStage(Stage& stage) : stage_(stage) {}

  void Run() {
    std::set<Scope> scopes;
    for (const auto& [scope, crls] : stage_.replay.crls().scopes()) {
      if (crls.newest(ledger::CrlKind::kFull) == nullptr) continue;
      scopes.insert(
          {stage_.replay.certificates().issuer_id(scope.first), scope.second});
    }
    if (stage_.parts.inventory != nullptr) {
      const auto rows = stage_.parts.inventory->ListCrls();
      if (!rows.ok()) return stage_.NotChecked("CRLs", rows.status());
      for (const storage::CrlRow& row : *rows) {
        scopes.insert({row.issuer_id, row.shard});
      }
    }
    uint64_t done = 0;
    for (const Scope& scope : scopes) {
      stage_.Progress("CRLs", done++, scopes.size());
      CheckScope(scope);
    }
    stage_.Progress("CRLs", done, scopes.size());
  }

 private:
  // The number of the newest that the ledger knows; 0: it knows none.
  uint64_t Newest(const Scope& scope) const {
    for (const auto& [key, crls] : stage_.replay.crls().scopes()) {
      if (stage_.replay.certificates().issuer_id(key.first) ==
              scope.issuer_id &&
          key.second == scope.shard &&
          crls.newest(ledger::CrlKind::kFull) != nullptr) {
        return crls.newest(ledger::CrlKind::kFull)->number;
      }
    }
    return 0;
  }

  void CheckScope(const Scope& scope) {
    std::string known;  // The inventory's, judged.
    if (stage_.parts.inventory != nullptr) {
      Look(
          scope, "inventory",
          [&] {
            return storage::ReadCrl(*stage_.parts.inventory,
                                    {scope.issuer_id, scope.shard, false});
          },
          known);
    }
    const PinnedKeys::Issuer* const issuer =
        stage_.parts.keys.Find(scope.issuer_id);
    if (issuer == nullptr) return;  // A finding of whoever looked before.
    const std::string file =
        CrlFile(issuer->name, scope.shard,
                stage_.replay.issuers().ShardsOf(scope.issuer_id));
    for (ResponderSource* const responder : stage_.parts.responders) {
      Look(
          scope, responder->name(), [&] { return responder->GetCrl(file); },
          known);
    }
  }

  // Reads until nothing is wrong, or it stays so. `known` is one that needs no
  // second judgement, and the last that was judged afterwards.
  void Look(const Scope& scope, const std::string& where,
            absl::FunctionRef<absl::StatusOr<std::string>()> read,
            std::string& known) {
    absl::Duration pause = kFirstPause;
    Findings found;
    for (int look = 0;; ++look) {
      found = Findings();
      const absl::StatusOr<std::string> der = read();
      if (!der.ok() && !absl::IsNotFound(der.status())) {
        if (look + 1 < kLooks) {
          stage_.parts.wait(pause);
          continue;
        }
        return stage_.NotChecked(absl::StrCat("CRL of ", where), der.status());
      }
      if (der.ok()) {
        Judge(scope, where, *der, known, found);
      } else {
        found.Add(About(Kind::kCrlMissing, "there is no CRL", scope, where));
      }
      if (found.empty() || look + 1 == kLooks) break;
      stage_.parts.wait(pause);
      pause *= 2;
    }
    ++stage_.report.checked["crls"];
    stage_.report.findings.Absorb(std::move(found));
  }

  void Judge(const Scope& scope, const std::string& where,
             const std::string& der, std::string& known, Findings& found) {
    const uint64_t number = NumberOf(der);
    if (number > Newest(scope)) ReadLedger(stage_);
    if (der != known) {
      CheckCrl(stage_.replay, stage_.parts.keys,
               {.issuer_id = scope.issuer_id,
                .shard = scope.shard,
                .where = where,
                .der = base::AsBytes(der),
                .now = stage_.parts.clock.Now()},
               found);
      if (found.empty()) known = der;
    }
    const uint64_t newest = Newest(scope);
    if (number < newest) {
      found.Add(About(Kind::kCrlStale,
                      "a CRL is not the newest that the ledger signed", scope,
                      where)
                    .With("expected", newest)
                    .With("found", number));
    }
  }

  static Finding About(Kind kind, std::string text, const Scope& scope,
                       const std::string& where) {
    return Finding(kind, std::move(text))
        .With("where", where)
        .With("issuer", base::AsBytes(scope.issuer_id))
        .With("shard", static_cast<uint64_t>(scope.shard));
  }

  Stage& stage_;
};

}  // namespace

void AuditCrls(Stage& stage) { CrlStage(stage).Run(); }

}  // namespace chancery::audit
