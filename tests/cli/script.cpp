#include "tests/cli/script.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/shell.h"

namespace authctl::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// What a command printed, in the notation of a script.
std::vector<std::string> transcript(const Result& result, const std::string& folder) {
  std::vector<std::string> lines = lines_of(replace_all(result.out, folder, "$FOLDER"));
  for (const auto& line : lines_of(replace_all(result.err, folder, "$FOLDER")))
    lines.push_back("stderr> " + line);
  if (result.status != 0) lines.push_back("[exit " + std::to_string(result.status) + "]");
  return lines;
}

class Script {
 public:
  explicit Script(const std::string& file) : file_(file) {
    std::ifstream in(file, std::ios::binary);
    REQUIRE(in);
    std::stringstream content;
    content << in.rdbuf();
    lines_ = lines_of(content.str());
    shell_.environment["FOLDER"] = shell_.folder().path().string();
  }

  void run() {
    while (at_ < lines_.size()) {
      const std::string line = lines_[at_];
      keep();
      if (line.starts_with("$ ") && line.ends_with("<<EOF")) {
        write_file(line);
      } else if (line.starts_with("$ ")) {
        command(line);
      } else if (line.starts_with("@ ")) {
        direct(line.substr(2));
      } else if (!line.empty() && !line.starts_with("#")) {
        FAIL(file_ << ":" << at_ << ": a line that belongs to no command");
      }
    }
    if (const char* update = std::getenv("AUTHCTL_UPDATE_SCRIPTS"); update != nullptr && *update == '1') {
      std::ofstream out(file_, std::ios::binary);
      for (const auto& line : rewritten_) out << line << '\n';
    }
  }

 private:
  void keep() { rewritten_.push_back(lines_[at_++]); }

  void write_file(const std::string& line) {
    const std::size_t name = line.find("> ");
    REQUIRE(name != std::string::npos);
    std::ofstream out(line.substr(name + 2, line.rfind(" <<EOF") - name - 2), std::ios::binary);
    while (at_ < lines_.size() && lines_[at_] != "EOF") {
      out << lines_[at_] << '\n';
      keep();
    }
    if (at_ < lines_.size()) keep();
  }

  void direct(const std::string& words) {
    const std::size_t blank = words.find(' ');
    const std::string what = words.substr(0, blank), value = words.substr(blank + 1);
    if (what == "advance") {
      shell_.clock.advance(base::parse_duration(value).value());
    } else if (what == "now") {
      shell_.clock.set(base::parse_timestamp(value).value());
    } else if (what == "env") {
      const std::size_t equals = value.find('=');
      shell_.environment[value.substr(0, equals)] = value.substr(equals + 1);
    } else {
      FAIL(file_ << ":" << at_ << ": unknown directive " << what);
    }
  }

  void command(const std::string& line) {
    const std::size_t number = at_;
    const auto starts_another = [](const std::string& next) {
      return next.starts_with("$ ") || next.starts_with("@ ") || next.starts_with("# ");
    };
    std::vector<std::string> expected;
    while (at_ < lines_.size() && !starts_another(lines_[at_])) expected.push_back(lines_[at_++]);
    // Blank lines that only part commands are not what was printed.
    while (!expected.empty() && expected.back().empty()) {
      expected.pop_back();
      --at_;
    }
    const auto actual = transcript(shell_.type(line.substr(2)), shell_.folder().path().string());
    bool same = expected.size() == actual.size();
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const bool fits = i < expected.size() && matches(expected[i], actual[i]);
      same = same && fits;
      rewritten_.push_back(fits ? expected[i] : actual[i]);
    }
    if (same || std::getenv("AUTHCTL_UPDATE_SCRIPTS") != nullptr) return;
    std::string text = file_ + ":" + std::to_string(number) + ": " + line + "\n--- expected\n";
    for (const auto& e : expected) text += e + "\n";
    text += "--- printed\n";
    for (const auto& a : actual) text += a + "\n";
    FAIL_CHECK(text);
  }

  std::string file_;
  std::vector<std::string> lines_, rewritten_;
  std::size_t at_ = 0;
  Shell shell_;
};

}  // namespace

void run_script(const std::string& file) {
  // scripts/mutate-options runs changed copies of them.
  const char* elsewhere = std::getenv("AUTHCTL_SCRIPTS");
  Script(elsewhere == nullptr ? file : elsewhere + file.substr(file.rfind('/'))).run();
}

}  // namespace authctl::test
