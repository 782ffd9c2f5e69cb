#include "tests/support/shell.h"

#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace authctl::test {
namespace {

struct Word {
  std::string text;
  bool quoted = false;
};

// Splits a line into words; quotes hold blanks and operators together, $NAME is put in outside single quotes.
class Splitter {
 public:
  Splitter(const std::string& line, const std::map<std::string, std::string>& variables)
      : line_(line), variables_(variables) {}

  std::vector<Word> split() {
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (quote_ == 0 && c == ' ') {
        finish();
      } else if (quote_ == 0 && (c == '\'' || c == '"')) {
        quote_ = c;
        word_.quoted = started_ = true;
      } else if (quote_ != 0 && c == quote_) {
        quote_ = 0;
      } else if (quote_ != '\'' && c == '$') {
        take_variable();
      } else {
        word_.text += c;
        started_ = true;
      }
    }
    finish();
    return words_;
  }

 private:
  void finish() {
    if (started_) words_.push_back(word_);
    word_ = {};
    started_ = false;
  }

  void take_variable() {
    std::size_t end = at_ + 1;
    while (end < line_.size() && (std::isalnum(static_cast<unsigned char>(line_[end])) || line_[end] == '_'))
      ++end;
    const auto it = variables_.find(line_.substr(at_ + 1, end - at_ - 1));
    if (it != variables_.end()) word_.text += it->second;
    started_ = true;
    at_ = end - 1;
  }

  const std::string& line_;
  const std::map<std::string, std::string> variables_;
  std::size_t at_ = 0;
  char quote_ = 0;
  bool started_ = false;
  Word word_;
  std::vector<Word> words_;
};

std::string without_last_newlines(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else {
      const char c = text[++i];
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
  }
  return out;
}

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

std::string joined(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (i > from ? " " : "") + words[i];
  return text;
}

}  // namespace

Shell::Shell() : former_folder_(std::filesystem::current_path()) {
  std::filesystem::current_path(folder_.path());
  environment = {{"HOME", folder_.path().string()},
                 {"XDG_CONFIG_HOME", folder_.file("config")},
                 {"XDG_DATA_HOME", folder_.file("data")},
                 {"AUTHCTL_STORE", "sqlite:" + folder_.file("authctl.db")},
                 {"AUTHCTL_MASTER_KEY_FILE", folder_.file("master.key")}};
}

Shell::~Shell() {
  std::error_code ignored;
  std::filesystem::current_path(former_folder_, ignored);
}

Result Shell::run(const std::vector<std::string>& arguments, const std::string& in) {
  std::istringstream input(in);
  std::ostringstream out, err;
  cli::World world{[this](const std::string& name) -> std::optional<std::string> {
                     const auto it = environment.find(name);
                     return it == environment.end() ? std::nullopt : std::optional(it->second);
                   },
                   {input, out, err, is_terminal, is_terminal, is_terminal, width},
                   clock,
                   random,
                   true,
                   "os:tester"};
  Result result;
  result.status = cli::run(arguments, world);
  result.out = out.str();
  result.err = err.str();
  return result;
}

Result Shell::run_stage(const std::vector<std::string>& words, const std::string& in) {
  const std::string& command = words.front();
  if (command == "authctl") return run({words.begin() + 1, words.end()}, in);
  if (command == "echo") return {0, joined(words, 1) + "\n", ""};
  if (command == "printf") return {0, unescaped(joined(words, 1)), ""};
  if (command == "cat") return {0, words.size() > 1 ? read(words[1]) : in, ""};
  if (command == "rm") return {std::filesystem::remove_all(words.back()) > 0 ? 0 : 1, "", ""};
  if (command == "mkdir") return {std::filesystem::create_directories(words.back()) ? 0 : 1, "", ""};
  if (command == "cd") return std::filesystem::current_path(words.at(1)), Result{};
  if (command == "chmod")
    return {::chmod(words.at(2).c_str(), static_cast<mode_t>(std::stoul(words[1], nullptr, 8))), "", ""};
  return {127, "", command + ": command not found\n"};
}

Result Shell::type(const std::string& line, const std::string& in) {
  const std::size_t assignment = line.find("=$(");
  if (assignment != std::string::npos && line.ends_with(')') && line.find(' ') > assignment) {
    auto result = type(line.substr(assignment + 3, line.size() - assignment - 4), in);
    environment[line.substr(0, assignment)] = without_last_newlines(result.out);
    return {result.status, "", result.err};
  }
  Result last;
  std::string input = in, err;
  std::vector<std::string> words;
  std::optional<std::string> target;
  const auto finish_stage = [&] {
    last = words.empty() ? Result{} : run_stage(words, input);
    err += last.err;
    input = last.out;
    words.clear();
  };
  const auto all = Splitter(line, environment).split();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& word = all[i];
    const bool has_next = i + 1 < all.size();
    if (word.quoted || !has_next) {
      words.push_back(word.text);
    } else if (word.text == "|") {
      finish_stage();
    } else if (word.text == "<") {
      input = read(all[++i].text);
    } else if (word.text == "<<<") {
      input = all[++i].text + "\n";
    } else if (word.text == ">") {
      target = all[++i].text;
    } else {
      words.push_back(word.text);
    }
  }
  finish_stage();
  last.err = err;
  if (target) {
    std::ofstream(*target, std::ios::binary) << last.out;
    last.out.clear();
  }
  return last;
}

std::vector<std::vector<std::string>> commands_of(const std::string& line) {
  std::string plain = line;
  for (std::size_t at = 0; (at = plain.find("$(")) != std::string::npos;) {
    plain.replace(at, plain.find(')', at) - at + 1, "substituted");
  }
  std::vector<std::vector<std::string>> commands(1);
  const auto words = Splitter(plain, {}).split();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& text = words[i].text;
    const bool redirects =
        !words[i].quoted && (text == "<" || text == "<<<" || text == ">" || text == ">>" || text == "2>");
    if (!words[i].quoted && (text == "|" || text == "&&" || text == ";" || text == "||")) {
      commands.emplace_back();
    } else if (redirects) {
      ++i;
    } else {
      commands.back().push_back(text);
    }
  }
  return commands;
}

bool matches(const std::string& expected, const std::string& actual) {
  static const std::string any = "\u2026";
  const std::size_t at = expected.find(any);
  if (at == std::string::npos) return expected == actual;
  if (!actual.starts_with(expected.substr(0, at))) return false;
  const std::string rest = expected.substr(at + any.size());
  for (std::size_t i = at; i <= actual.size(); ++i) {
    if (matches(rest, actual.substr(i))) return true;
    if (i < actual.size() && actual[i] == '\n') return false;
  }
  return false;
}

}  // namespace authctl::test
