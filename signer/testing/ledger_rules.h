#ifndef CHANCERY_SIGNER_TESTING_LEDGER_RULES_H_
#define CHANCERY_SIGNER_TESTING_LEDGER_RULES_H_

#include <vector>

#include "ledger/entry.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/testing/fake_kv_store.h"

namespace chancery::signer::testing {

// All of the ledger; a test failure if it cannot be read.
std::vector<ledger::Entry> EntriesOf(const Ledger& ledger);

// A test failure for each entry that breaks TRUST 2.3 (one serial, one
// certificate), 2.6 (versions grow; a manifest knows of every change of a
// member that comes before it), 2.8 (no time of the future, a CRL a second
// younger than the one before) or 3 (CRL numbers grow), and for each row that
// does not follow from the entries. Nothing may be under way.
void ExpectLedgerKeepsTheRules(const Ledger& ledger, FakeDisk& disk);

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_LEDGER_RULES_H_
