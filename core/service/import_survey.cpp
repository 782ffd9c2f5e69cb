#include "core/service/import_survey.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/service/import_stream.h"
#include "core/store/user_import.h"
#include "core/store/user_repository.h"

namespace authctl::service {
namespace {

constexpr std::size_t uuid_size = 36;

void add_finding(ImportReport& report, ImportFault fault, ImportFinding finding) {
  auto& kind = report.findings[static_cast<std::size_t>(fault)];
  ++kind.count;
  if (kind.first.size() < ImportReport::most_listed) kind.first.push_back(std::move(finding));
}

// Every name and address of the file as a keyed hash: 24 bytes each, whatever their length. Sorted, what is
// there twice stands together. At 128 bits, and under a key that nobody knows beforehand, two that differ do
// not meet.
class Namespace {
 public:
  explicit Namespace(base::Random& random) { random.fill(key_); }
  void add(std::string_view folded, std::uint64_t line) {
    all_.push_back({crypto::short_mac(key_, base::bytes_of(folded)), line});
  }
  // (line, the line before it that has the same), in the order of the lines.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> clashes() {
    std::sort(all_.begin(), all_.end());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
    for (std::size_t i = 1, first = 0; i < all_.size(); ++i) {
      if (all_[i].mac != all_[first].mac)
        first = i;
      else
        found.emplace_back(all_[i].line, all_[first].line);
    }
    std::sort(found.begin(), found.end());
    const auto same_line = [](const auto& a, const auto& b) { return a.first == b.first; };
    found.erase(std::unique(found.begin(), found.end(), same_line), found.end());
    return found;
  }

 private:
  struct Mark {
    crypto::ShortMac mac;
    std::uint64_t line;
    auto operator<=>(const Mark&) const = default;
  };
  std::array<std::uint8_t, 32> key_{};
  std::vector<Mark> all_;
};

// Asks the store which of the names and addresses are taken, a block at a time.
class TakenNames {
 public:
  TakenNames(Realm& realm, ImportReport& report) : realm_(realm), report_(report) {
    is_empty_ = store::count_users(realm.db()) == 0;
  }
  void add(std::string_view folded, const ImportEntry& entry) {
    if (is_empty_) return;
    if (folded.size() == uuid_size && store::find_user_by_id(realm_.db(), folded))
      return add_finding(report_, ImportFault::clashing,
                         {entry.line, std::string(entry.name), "it is an account's id"});
    asked_.push_back({std::string(folded), entry.line, std::string(entry.name)});
    if (asked_.size() == store::staged_block) ask();
  }
  void ask() {
    std::vector<std::string_view> values;
    for (const auto& one : asked_) values.push_back(one.folded);
    const auto taken = store::taken_identifiers(realm_.db(), values);
    for (const auto& one : asked_) {
      if (std::find(taken.begin(), taken.end(), one.folded) == taken.end() || one.line == told_) continue;
      told_ = one.line;  // once for a record, also where its name and its e-mail are taken
      add_finding(report_, ImportFault::clashing,
                  {one.line, one.name, base::quote(one.folded) + " is taken by a user of the store"});
    }
    asked_.clear();
  }

 private:
  struct Asked {
    std::string folded;
    std::uint64_t line;
    std::string name;
  };
  Realm& realm_;
  ImportReport& report_;
  bool is_empty_;
  std::uint64_t told_ = 0;
  std::vector<Asked> asked_;
};

void count_user(ImportReport& report, const ImportEntry& user) {
  ++report.users;
  if (!user.totp.empty()) ++report.with_totp;
  report.backup_codes += user.code_count;
  if (user.disabled) ++report.disabled;
  if (user.hash.empty()) {
    ++report.without_password;
    return;
  }
  auto& scheme = report.schemes[std::string(crypto::word_of(user.scheme))];
  ++scheme.users;
  if (user.has_weak_hash) ++scheme.weak;
}

// What was found by its hash has no name yet: the records are read once more for it.
void name_clashes(const ImportRequest& request, ImportFormat format, std::vector<ImportFinding>& findings) {
  const auto source = request.open();
  read_import(*source, {format, request.jobs, {}, request.interrupted}, [&](std::string packed) {
    std::string_view block = packed;
    for (ImportEntry entry; take_entry(block, entry);) {
      if (!entry.is_user) continue;
      const auto by_line = [](const ImportFinding& finding, std::uint64_t line) {
        return finding.line < line;
      };
      auto at = std::lower_bound(findings.begin(), findings.end(), entry.line, by_line);
      for (; at != findings.end() && at->line == entry.line; ++at)
        if (at->name.empty()) at->name = entry.name;
    }
  });
}

}  // namespace

ImportFormat detect_import_format(base::ByteSource& source) {
  std::array<char, 512> start{};
  const auto count = source.read(start);
  const std::string_view text(start.data(), count);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' ? ImportFormat::json_lines : ImportFormat::csv;
}

ImportReport survey_import(Realm& realm, const ImportRequest& request, ImportFormat format) {
  ImportReport report;
  report.format = format;
  Namespace names(realm.random());
  TakenNames taken(realm, report);
  const auto source = request.open();
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    if (request.progress) request.progress("reading", done, total);
  };
  auto end =
      read_import(*source, {format, request.jobs, progress, request.interrupted}, [&](std::string packed) {
        std::string_view block = packed;
        for (ImportEntry entry; take_entry(block, entry);) {
          if (!entry.is_user) {
            add_finding(report, entry.fault,
                        {entry.line, std::string(entry.name), std::string(entry.message)});
            continue;
          }
          count_user(report, entry);
          names.add(entry.name, entry.line);
          taken.add(entry.name, entry);
          if (entry.email.empty() || entry.folded_email == entry.name) continue;
          names.add(entry.folded_email, entry.line);
          taken.add(entry.folded_email, entry);
        }
      });
  taken.ask();
  report.digest = "sha256:" + base::encode_hex(end.digest);
  report.ignored = std::move(end.ignored);
  const auto clashes = names.clashes();
  for (const auto& [line, other] : clashes)
    add_finding(report, ImportFault::clashing,
                {line, "", "its name or e-mail is also on line " + std::to_string(other)});
  auto& clashing = report.findings[static_cast<std::size_t>(ImportFault::clashing)].first;
  std::stable_sort(clashing.begin(), clashing.end(),
                   [](const auto& a, const auto& b) { return a.line < b.line; });
  if (!clashes.empty()) name_clashes(request, format, clashing);
  return report;
}

}  // namespace authctl::service
