#include "core/service/import_record.h"

#include <algorithm>
#include <array>

#include "core/base/csv.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/credential/username.h"
#include "core/crypto/password_weakness.h"
#include "core/service/import_factors.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t longest_record = 64 * 1024;
constexpr std::size_t most_ignored = 32;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// What other programs call it; compared folded, with `-` and blanks as `_`.
struct Alias {
  std::string_view word;
  ImportField field;
};
constexpr std::array<Alias, 31> aliases{{{"name", ImportField::name},
                                         {"username", ImportField::name},
                                         {"user_name", ImportField::name},
                                         {"login", ImportField::name},
                                         {"user", ImportField::name},
                                         {"email", ImportField::email},
                                         {"e_mail", ImportField::email},
                                         {"mail", ImportField::email},
                                         {"email_address", ImportField::email},
                                         {"password_hash", ImportField::password_hash},
                                         {"hash", ImportField::password_hash},
                                         {"password", ImportField::password_hash},
                                         {"encrypted_password", ImportField::password_hash},
                                         {"password_digest", ImportField::password_hash},
                                         {"status", ImportField::status},
                                         {"disabled", ImportField::disabled},
                                         {"must_change", ImportField::must_change},
                                         {"totp_secret", ImportField::totp_secret},
                                         {"totp", ImportField::totp_secret},
                                         {"totp_uri", ImportField::totp_secret},
                                         {"otpauth", ImportField::totp_secret},
                                         {"otp_secret", ImportField::totp_secret},
                                         {"mfa_secret", ImportField::totp_secret},
                                         {"two_factor_secret", ImportField::totp_secret},
                                         {"totp_digits", ImportField::totp_digits},
                                         {"totp_period", ImportField::totp_period},
                                         {"totp_algorithm", ImportField::totp_algorithm},
                                         {"backup_codes", ImportField::backup_codes},
                                         {"backup_code_hashes", ImportField::backup_codes},
                                         {"otp_backup_codes", ImportField::backup_codes},
                                         {"recovery_codes", ImportField::backup_codes}}};

std::optional<ImportField> field_from(std::string_view heading) {
  const auto first = std::min(heading.find_first_not_of(' '), heading.size());
  auto word = base::fold_ascii(heading.substr(first, heading.find_last_not_of(' ') + 1 - first));
  std::replace_if(
      word.begin(), word.end(), [](char c) { return c == '-' || c == ' '; }, '_');
  for (const auto& alias : aliases)
    if (alias.word == word) return alias.field;
  return std::nullopt;
}

void ignore(std::vector<std::string>& ignored, std::string_view name) {
  if (ignored.size() >= most_ignored || std::find(ignored.begin(), ignored.end(), name) != ignored.end())
    return;
  ignored.emplace_back(name);
}

// Hashes in an array, a line each.
std::optional<std::string> lines_of(const base::json::array& items) {
  std::string lines;
  for (const auto& item : items) {
    if (!item.is_string() || item.get_string().find('\n') != std::string_view::npos) return std::nullopt;
    lines.append(item.get_string()) += '\n';
  }
  return lines;
}

// A member as CSV would spell it; nothing where it is of the wrong type.
std::optional<std::string> text_of(ImportField field, const base::json::value& member) {
  if (member.is_null()) return "";
  switch (field) {
    case ImportField::disabled:
    case ImportField::must_change:
      if (!member.is_bool()) return std::nullopt;
      return member.get_bool() ? "true" : "false";
    case ImportField::totp_digits:
    case ImportField::totp_period:
      if (member.is_int64()) return std::to_string(member.get_int64());
      break;
    case ImportField::backup_codes:
      if (member.is_array()) return lines_of(member.get_array());
      break;
    case ImportField::password_hash:
      // As in a manifest: "password": {"hash": "…"}.
      if (member.is_object() && member.get_object().size() == 1)
        if (const auto* hash = member.get_object().if_contains("hash")) return text_of(field, *hash);
      break;
    default:
      break;
  }
  if (!member.is_string()) return std::nullopt;
  return std::string(member.get_string());
}

std::optional<bool> truth_of(std::string_view text) {
  const auto word = base::fold_ascii(text);
  if (word == "true" || word == "1" || word == "yes") return true;
  if (word == "false" || word == "0" || word == "no" || word.empty()) return false;
  return std::nullopt;
}

// `!…` and `*…` are how Django and crypt(5) say that no password fits.
bool has_password(std::string_view hash) {
  return !hash.empty() && hash.front() != '!' && hash.front() != '*';
}

}  // namespace

std::string_view word_of(ImportFault fault) {
  constexpr std::array<std::string_view, import_faults> words{"weak", "unknown", "invalid", "clashing"};
  return words[static_cast<std::size_t>(fault)];
}

// A record's fields as texts, before they are judged.
struct ImportRecordReader::Draft {
  std::string name, email, hash, status;
  FactorTexts factors;
  bool disabled = false, must_change = false;
  std::string problem;

  bool refuse(std::string why) {
    problem = std::move(why);
    return false;
  }
  bool set(ImportField field, std::string_view text) {
    switch (field) {
      case ImportField::name:
        return name.assign(text), true;
      case ImportField::email:
        return email.assign(text), true;
      case ImportField::password_hash:
        return hash.assign(text), true;
      case ImportField::status:
        return status.assign(text), true;
      case ImportField::disabled:
        return set_flag(disabled, "disabled", text);
      case ImportField::must_change:
        return set_flag(must_change, "must_change", text);
      case ImportField::totp_secret:
        return factors.secret.assign(text), true;
      case ImportField::totp_digits:
        return factors.digits.assign(text), true;
      case ImportField::totp_period:
        return factors.period.assign(text), true;
      case ImportField::totp_algorithm:
        return factors.algorithm.assign(text), true;
      case ImportField::backup_codes:
        return factors.codes.assign(text), true;
    }
    return true;
  }
  bool set_flag(bool& flag, std::string_view what, std::string_view text) {
    const auto truth = truth_of(text);
    if (!truth) return refuse(std::string(what) + " is neither true nor false: " + base::quote(text));
    flag = *truth;
    return true;
  }
};

ImportColumns read_import_header(std::string_view record) {
  record = base::without_newline(record);
  if (record.starts_with(byte_order_mark)) record.remove_prefix(byte_order_mark.size());
  if (record.starts_with('['))
    throw Error{ErrorCode::invalid, "the file is a JSON array", "an object a line: jq -c '.[]'"};
  if (record.find('\r') != std::string_view::npos)
    throw Error{ErrorCode::invalid, "the lines of the file end in CR alone", "in LF or CRLF: tr '\\r' '\\n'"};
  std::vector<std::string> cells;
  if (record.size() > longest_record || !base::split_csv_record(record, cells) || !base::is_utf8(record))
    throw Error{ErrorCode::invalid, "line 1 is no CSV header",
                "the first line names the columns: name,email,password_hash"};
  ImportColumns columns;
  for (const auto& cell : cells) {
    const auto field = field_from(cell);
    if (field &&
        std::find(columns.by_column.begin(), columns.by_column.end(), field) != columns.by_column.end())
      throw Error{ErrorCode::invalid,
                  "line 1: the column " + base::quote(cell) + " means the same as one before it",
                  "leave one of them out"};
    columns.by_column.push_back(field);
    if (!field) ignore(columns.ignored, cell);
  }
  const auto& found = columns.by_column;
  if (std::find(found.begin(), found.end(), ImportField::name) == found.end())
    throw Error{ErrorCode::invalid, "line 1 names no column \"name\"",
                "the first line names the columns: name,email,password_hash"};
  return columns;
}

bool ImportRecordReader::read_csv(std::string_view record, Draft& draft) {
  if (!base::split_csv_record(record, cells_)) return draft.refuse("it is no CSV: a quote is out of place");
  if (cells_.size() != columns_.by_column.size())
    return draft.refuse(
        "it has " + std::to_string(cells_.size()) + " columns, the header " +
        std::to_string(columns_.by_column.size()) +
        (cells_.size() > columns_.by_column.size() ? " (a cell with a comma needs quotes)" : ""));
  for (std::size_t i = 0; i < cells_.size(); ++i)
    if (columns_.by_column[i] && !draft.set(*columns_.by_column[i], cells_[i])) return false;
  return true;
}

bool ImportRecordReader::read_json(std::string_view record, Draft& draft) {
  const auto value = base::parse_json(record, {longest_record, 8});
  if (!value || !value->is_object()) return draft.refuse("it is no JSON object on a line of its own");
  unsigned seen = 0;
  for (const auto& [key, member] : value->get_object()) {
    const auto field = field_from(key);
    if (!field) {
      ignore(columns_.ignored, key);
      continue;
    }
    const unsigned bit = 1U << static_cast<unsigned>(*field);
    if ((seen & bit) != 0) return draft.refuse("two members mean the same: " + base::quote(key));
    seen |= bit;
    const auto text = text_of(*field, member);
    if (!text) return draft.refuse("the member " + base::quote(key) + " is of the wrong type");
    if (!draft.set(*field, *text)) return false;
  }
  return true;
}

ImportRecordReader::Result ImportRecordReader::read(std::string_view record, ImportedUser& user,
                                                    std::optional<ImportProblem>& problem) {
  problem.reset();
  record = base::without_newline(record);
  if (record.find_first_not_of(" \t\r\n") == std::string_view::npos) return Result::blank;
  Draft draft;
  const auto refuse = [&](ImportFault fault, std::string message) {
    problem = ImportProblem{fault, draft.name, std::move(message)};
    return Result::refused;
  };
  if (record.size() > longest_record)
    return refuse(ImportFault::invalid, "it is longer than " + std::to_string(longest_record) + " bytes");
  const bool read = format_ == ImportFormat::csv ? read_csv(record, draft) : read_json(record, draft);
  if (!read) return refuse(ImportFault::invalid, draft.problem);
  user = {};
  try {
    user.name = credential::Username::parse(draft.name).text();
    if (!draft.email.empty()) {
      auto address = credential::EmailAddress::parse(draft.email);
      user.email = address.text();
      user.folded_email = address.folded();
    }
  } catch (const Error& error) {
    return refuse(ImportFault::invalid, error.message());
  }
  const auto status = base::fold_ascii(draft.status);
  if (!status.empty() && status != "active" && status != "disabled")
    return refuse(ImportFault::invalid, "there is no status " + base::quote(draft.status));
  user.disabled = draft.disabled || status == "disabled";
  user.must_change = draft.must_change;
  return read_secrets(draft, user, problem) ? Result::user : Result::refused;
}

bool ImportRecordReader::read_secrets(Draft& draft, ImportedUser& user,
                                      std::optional<ImportProblem>& problem) {
  const auto refuse = [&](ImportFault fault, const Error& error) {
    problem = ImportProblem{fault, draft.name, error.message()};
    return false;
  };
  std::optional<std::string> weakness;
  try {
    user.totp = read_imported_totp(draft.factors, user.name);
    if (!user.totp.empty()) weakness = weakness_of_totp(user.totp);
  } catch (const Error& error) {
    return refuse(ImportFault::invalid, error);
  }
  try {
    auto codes = read_imported_codes(draft.factors.codes);
    user.codes = std::move(codes.lines);
    user.code_count = codes.count;
    if (has_password(draft.hash)) {
      const auto judged = crypto::judge_password_hash(draft.hash);
      user.scheme = judged.scheme;
      user.has_weak_hash = judged.weakness.has_value();
      if (judged.weakness) weakness = weakness ? *judged.weakness + "; " + *weakness : *judged.weakness;
      user.hash = std::move(draft.hash);
    }
  } catch (const Error& error) {
    return refuse(ImportFault::unknown, error);
  }
  if (weakness) problem = ImportProblem{ImportFault::weak, draft.name, std::move(*weakness)};
  return true;
}

}  // namespace authctl::service
