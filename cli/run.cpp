#include "cli/run.h"

#include <cerrno>
#include <cstring>
#include <new>

#include "cli/globals.h"
#include "cli/help.h"
#include "cli/invocation.h"
#include "cli/json_text.h"
#include "cli/meaning.h"
#include "cli/pager.h"
#include "cli/present.h"
#include "cli/reference/live_names.h"
#include "cli/reference/pages.h"
#include "cli/tree.h"
#include "cli/usage.h"
#include "commands/command.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

using base::Error;
using base::ErrorCode;

// `wish`: auto, always or never; the environment is asked where it does not come from the line.
bool colour_wanted(std::string_view wish, bool on_the_line, const World& world, bool is_terminal) {
  const auto variable_is_set = [&](const char* name) {
    return !world.environment(name).value_or("").empty();
  };
  if (wish == "always") return true;
  if (wish == "never") return false;
  if (!on_the_line) {
    if (variable_is_set("NO_COLOR")) return false;
    if (variable_is_set("CLICOLOR_FORCE") && world.environment("CLICOLOR_FORCE") != "0") return true;
  }
  return is_terminal && world.environment("TERM").value_or("") != "dumb";
}

// What the line says of colour, for errors that come up before the settings are read.
std::string colour_on_line(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("--color=")) return arguments[i].substr(8);
    if (arguments[i] == "--color" && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return "";
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
        format_(glance_.error_format) {
    const auto wish = colour_on_line(arguments);
    errors_in_colour_ = colour_wanted(wish, !wish.empty(), world, world.console.err_is_terminal);
  }

  Format format() const { return format_; }
  bool errors_in_colour() const { return errors_in_colour_; }

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
    print_page([](std::ostream& out) { print_overview(out); });
    check_written(world_.console);
    return 0;
  }

  template <class Print>
  void print_page(Print print) {
    Pager pager(world_.console, pager_of(world_.environment));
    print(pager.console().out);
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
    print_page([&](std::ostream& out) {
      if (verb != nullptr && !verb->name.empty()) {
        print_verb(out, tree.entry(), *verb);
      } else {
        print_noun(out, tree.entry(), tree.noun());
      }
    });
    check_written(world_.console);
    return 0;
  }

  int execute(Tree& tree) {
    const auto& verb = tree.parse(arguments_, glance_.verb);
    auto settings = load_settings(tree.globals(), world_);
    format_ = format_of(settings.text("output"));
    const auto& wish = settings.get("color");
    const bool on_the_line = wish.origin == base::Origin::flag;
    errors_in_colour_ = colour_wanted(wish.value, on_the_line, world_, world_.console.err_is_terminal);
    Style style{.format = format_,
                .quiet = tree.globals().quiet,
                .colour = colour_wanted(wish.value, on_the_line, world_, world_.console.out_is_terminal),
                .strict_shapes = world_.strict_shapes};
    if (world_.console.out_is_terminal) {
      style.now = world_.clock.now();
      style.pager = pager_of(world_.environment);
    }
    LiveInvocation invocation(tree.globals(), std::move(settings), world_);
    auto output = verb.run(invocation);
    invocation.clear_progress();
    present(output, world_.console, style);
    check_written(world_.console);
    if (output.error) throw Error(*output.error);
    return output.exit_status;
  }

  std::span<const std::string> arguments_;
  World& world_;
  Glance glance_;
  Format format_;
  bool errors_in_colour_ = false;
};

// Nobody but us can mend what should never have happened.
std::string next_step(const Error& error) {
  if (!error.hint().empty() || error.code() != ErrorCode::internal) return error.hint();
  return "a fault of authctl: please report it with what authctl version prints";
}

int report(const Error& error, Format format, const Console& console, bool colour) {
  const auto& kind = base::kind_of(error.code());
  auto& err = console.err;
  const std::string hint = next_step(error);
  if (format == Format::table) {
    const auto label = [colour](const char* word, const char* sequence) {
      return colour ? sequence + std::string(word) + std::string(colour_end) : std::string(word);
    };
    err << label("authctl:", "\x1b[1;31m") << ' ' << base::printable(error.message()) << '\n';
    if (!hint.empty()) err << label("hint:", "\x1b[36m") << ' ' << base::printable(hint) << '\n';
  } else {
    base::json::object body{{"code", kind.word}, {"message", error.message()}, {"hint", nullptr}};
    if (!hint.empty()) body["hint"] = hint;
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
  bool colour = false;
  try {
    if (arguments.size() == 2 && arguments[0] == reference_word) {
      write_reference(arguments[1], world);
      return 0;
    }
    Runner runner(arguments, world);
    format = runner.format();
    colour = runner.errors_in_colour();
    try {
      return runner.run();
    } catch (...) {
      format = runner.format();
      colour = runner.errors_in_colour();
      world.console.out.flush();
      throw;
    }
  } catch (const Error& error) {
    return report(error, format, world.console, colour);
  } catch (const std::bad_alloc&) {
    return report(Error(ErrorCode::internal, "out of memory", "free some, or give it more"), format,
                  world.console, colour);
  } catch (const std::exception& error) {
    return report(Error(ErrorCode::internal, std::string("unexpected: ") + error.what()), format,
                  world.console, colour);
  }
}

}  // namespace authctl::cli
