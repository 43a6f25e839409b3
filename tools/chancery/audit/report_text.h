// What an audit found, for people and for machines.
#ifndef CHANCERY_TOOLS_CHANCERY_AUDIT_REPORT_TEXT_H_
#define CHANCERY_TOOLS_CHANCERY_AUDIT_REPORT_TEXT_H_

#include <string>

#include "audit/auditor.h"

namespace chancery::cli {

std::string AuditText(const audit::AuditReport& report);
std::string AuditJson(const audit::AuditReport& report);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AUDIT_REPORT_TEXT_H_
