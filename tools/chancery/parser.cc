#include "tools/chancery/parser.h"

#include <algorithm>
#include <cstdint>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "rpc/version.h"

namespace chancery::cli {
namespace {

constexpr char kDescription[] =
    "Chancery is a certificate authority whose OCSP answers are signed in "
    "advance.\nThis command makes a cluster and operates it.";

constexpr char kFooter[] =
    "Each command has help of its own: chancery issue --help\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"
    "\n"
    "A first cluster:\n"
    "  chancery --dir ca init\n"
    "  export CHANCERY_DIR=ca\n"
    "  chancery issue --csr www.csr --out www.pem";

class CliOptionSet final : public OptionSet {
 public:
  explicit CliOptionSet(CLI::App& app) : app_(app) {}

  void AddText(const OptionSpec& spec, std::string& target) override {
    CLI::Option* option = app_.add_option(spec.name, target, spec.help);
    // An empty value is a variable of the shell that was not set.
    option->check([](const std::string& value) {
      return value.empty() ? std::string("the value is empty") : std::string();
    });
    Finish(option, spec, target);
  }

  void AddTexts(const OptionSpec& spec,
                std::vector<std::string>& target) override {
    CLI::Option* option = app_.add_option(spec.name, target, spec.help);
    // So that what follows one value is not taken for another.
    if (spec.name[0] == '-') option->allow_extra_args(false);
    Finish(option, spec, "");
  }

  void AddNumber(const OptionSpec& spec, uint32_t& target) override {
    CLI::Option* option = app_.add_option(spec.name, target, spec.help);
    Finish(option, spec, std::to_string(target));
  }

  void AddFlag(const OptionSpec& spec, bool& target) override {
    Finish(app_.add_flag(spec.name, target, spec.help), spec, "");
  }

 private:
  static void Finish(CLI::Option* option, const OptionSpec& spec,
                     const std::string& preset) {
    std::string text = spec.value;
    if (spec.required) absl::StrAppend(&text, " (required)");
    if (!preset.empty()) absl::StrAppend(&text, " (default: ", preset, ")");
    if (!text.empty()) option->option_text(text);
    option->required(spec.required);
    if (spec.hidden) option->group("");
  }

  CLI::App& app_;
};

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--dir", globals.dir, "The cluster's folder")
      ->envname("CHANCERY_DIR")
      ->option_text("DIR (or the environment variable CHANCERY_DIR)");
  app.add_option("--config", globals.config,
                 "How to reach the cluster; without it, "
                 "DIR/config/cli.textproto")
      ->option_text("FILE");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", absl::StrCat("chancery ", rpc::kVersion));
}

Parsed UsageError(const std::string& command, const std::string& message) {
  Parsed parsed;
  parsed.exit_code = kExitUsage;
  parsed.text = absl::StrCat(
      "chancery", command.empty() ? "" : absl::StrCat(" ", command), ": ",
      message, "\nTry: chancery",
      command.empty() ? "" : absl::StrCat(" ", command), " --help\n");
  return parsed;
}

std::string ChosenName(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? "" : chosen.front()->get_name();
}

}  // namespace

Parsed ParseCommandLine(const std::vector<std::string>& arguments,
                        const CommandList& commands) {
  CLI::App app(kDescription, "chancery");
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  app.require_subcommand(1);
  // So that --dir may also stand after the command.
  app.fallthrough();
  Parsed parsed;
  AddGlobals(app, parsed.globals);
  for (const auto& command : commands) {
    CLI::App* sub = app.add_subcommand(command->name(), command->summary());
    sub->footer("Example:\n  " + command->example());
    CliOptionSet options(*sub);
    command->Declare(options);
  }

  // CLI11 reads from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    parsed.text = app.help();
    return parsed;
  } catch (const CLI::CallForVersion& version) {
    parsed.text = std::string(version.what()) + "\n";
    return parsed;
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> unknown = app.remaining();
    if (ChosenName(app).empty() && !unknown.empty()) {
      return UsageError(
          "", absl::StrCat("there is no command or option `", unknown[0], "`"));
    }
    return UsageError(ChosenName(app), error.what());
  }

  const std::string chosen = ChosenName(app);
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [&](const auto& c) { return c->name() == chosen; });
  if (const absl::Status status = (*found)->Check(); !status.ok()) {
    return UsageError(chosen, std::string(status.message()));
  }
  if ((*found)->NeedsCluster()) {
    const absl::Status named = ConfigFile(parsed.globals).status();
    if (!named.ok()) return UsageError(chosen, std::string(named.message()));
  }
  parsed.command = found->get();
  return parsed;
}

}  // namespace chancery::cli
