#include "cli/run.h"

#include <cerrno>
#include <cstring>
#include <new>

#include "cli/globals.h"
#include "cli/help.h"
#include "cli/invocation.h"
#include "cli/json_text.h"
#include "cli/present.h"
#include "cli/reference/live_names.h"
#include "cli/tree.h"
#include "cli/usage.h"
#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

using base::Error;
using base::ErrorCode;

bool colour_wanted(const base::Settings& settings, const World& world) {
  const auto& color = settings.get("color");
  const auto variable_is_set = [&](const char* name) {
    return !world.environment(name).value_or("").empty();
  };
  if (color.value == "always") return true;
  if (color.value == "never") return false;
  if (color.origin != base::Origin::flag) {
    if (variable_is_set("NO_COLOR")) return false;
    if (variable_is_set("CLICOLOR_FORCE") && world.environment("CLICOLOR_FORCE") != "0") return true;
  }
  return world.console.out_is_terminal;
}

void check_written(const Console& console) {
  console.out.flush();
  if (console.out.good()) return;
  const int code = console.out_error ? console.out_error() : 0;
  if (code == EPIPE) return;  // the reader has seen enough
  throw Error(ErrorCode::io,
              "cannot write to standard output" + (code == 0 ? "" : ": " + std::string(std::strerror(code))));
}

class Runner {
 public:
  Runner(std::span<const std::string> arguments, World& world)
      : arguments_(arguments),
        world_(world),
        glance_(glance_at(arguments, world.environment)),
        format_(glance_.error_format) {}

  Format format() const { return format_; }

  int run() {
    if (glance_.version) return version();
    if (!glance_.has_noun) return overview();
    const auto* entry = find_noun(glance_.noun);
    if (entry == nullptr) throw unknown_noun(glance_.noun);
    Tree tree(*entry);
    if (!glance_.unknown_option.empty())
      throw unknown_option(tree.root(), tree.root(), glance_.unknown_option);
    return glance_.help || is_bare(tree) ? help(tree) : execute(tree);
  }

 private:
  int overview() {
    if (!glance_.help) Tree().parse_globals(arguments_);
    print_overview(world_.console.out);
    check_written(world_.console);
    return 0;
  }

  int version() {
    world_.console.out << "authctl " << commands::version() << '\n';
    check_written(world_.console);
    return 0;
  }

  bool is_bare(const Tree& tree) const {
    return glance_.verb.empty() && !glance_.other_option && tree.find("") == nullptr;
  }

  int help(const Tree& tree) {
    const auto* verb = tree.find(glance_.verb);
    if (verb == nullptr && !glance_.verb.empty()) throw unknown_verb(tree.noun_app(), glance_.verb);
    if (verb != nullptr && !verb->name.empty()) {
      print_verb(world_.console.out, tree.entry(), *verb);
    } else {
      print_noun(world_.console.out, tree.entry(), tree.noun());
    }
    check_written(world_.console);
    return 0;
  }

  int execute(Tree& tree) {
    const auto& verb = tree.parse(arguments_, glance_.verb);
    auto settings = load_settings(tree.globals(), world_);
    format_ = format_of(settings.text("output"));
    Style style{format_, tree.globals().quiet, colour_wanted(settings, world_), world_.strict_shapes};
    LiveInvocation invocation(tree.globals(), std::move(settings), world_);
    auto output = verb.run(invocation);
    present(output, world_.console, style);
    check_written(world_.console);
    if (output.error) throw Error(*output.error);
    return output.exit_status;
  }

  std::span<const std::string> arguments_;
  World& world_;
  Glance glance_;
  Format format_;
};

int report(const Error& error, Format format, const Console& console) {
  const auto& kind = base::kind_of(error.code());
  auto& err = console.err;
  if (format == Format::table) {
    err << "authctl: " << base::printable(error.message()) << '\n';
    if (!error.hint().empty()) err << "hint: " << base::printable(error.hint()) << '\n';
  } else {
    base::json::object body{{"code", kind.word}, {"message", error.message()}, {"hint", nullptr}};
    if (!error.hint().empty()) body["hint"] = error.hint();
    write_json(err, base::json::object{{"error", std::move(body)}});
    err << '\n';
  }
  err.flush();
  return kind.exit_status;
}

}  // namespace

int run(std::span<const std::string> arguments, World& world) {
  if (!arguments.empty() && arguments[0] == live_names_word)
    return print_live_names(arguments.subspan(1), world);
  Format format = Format::table;
  try {
    Runner runner(arguments, world);
    format = runner.format();
    try {
      return runner.run();
    } catch (...) {
      format = runner.format();
      world.console.out.flush();
      throw;
    }
  } catch (const Error& error) {
    return report(error, format, world.console);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorCode::internal, "out of memory"), format, world.console);
  } catch (const std::exception& error) {
    return report(Error(ErrorCode::internal, std::string("unexpected: ") + error.what()), format,
                  world.console);
  }
}

}  // namespace authctl::cli
