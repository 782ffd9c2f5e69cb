#include "core/service/import_staging.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/process.h"
#include "core/credential/backup_code.h"
#include "core/credential/imported_code.h"
#include "core/service/backup_codes.h"
#include "core/service/import_stream.h"
#include "core/service/totp_enrolment.h"
#include "core/store/paced_writing.h"
#include "core/store/user_import.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using store::staged_block;

// Users are put in by the order of their names, so that the tables' indexes grow at their ends and not all
// over; what is sorted at once is bounded, and enough for a million.
constexpr std::size_t chunk_bytes = std::size_t{160} << 20;

[[noreturn]] void fail_overtaken() {
  throw Error{ErrorCode::conflict, "another import took the place of this one: nothing was imported",
              "try again"};
}

// Dead imports are marked first, so that one that was only asleep is never published half cleared.
std::vector<std::string> abandon_dead(Realm& realm) {
  std::vector<std::string> dead;
  store::Transaction transaction(realm.db());
  for (const auto& row : store::list_imports(realm.db())) {
    if (store::is_alive(row, realm.now()))
      throw Error{ErrorCode::conflict, "another import is under way", "try again when it is done"};
    store::abandon_import(realm.db(), row.id_prefix);
    dead.push_back(row.id_prefix);
  }
  transaction.commit();
  return dead;
}

void clear(store::Database& db, const std::string& prefix) {
  store::PacedWriting writing(db);
  writing.run([] {}, [&] { return store::clear_import(db, prefix); });
}

}  // namespace

// What a million users of a chunk cost beside their packed form counts, so they are held as views and texts
// of a fixed size.
struct ImportStaging::Chunk {
  struct User {
    std::string_view name, packed;
  };
  struct Identifier {
    std::string_view value;
    std::size_t user;
    const char* kind;
  };
  using Id = std::array<char, 36>;

  std::vector<std::string> blocks;  // packed entries
  std::size_t bytes = 0;
  std::vector<User> users;  // by name
  std::vector<Id> ids;      // of the users

  void add(std::string block) {
    bytes += block.size();
    blocks.push_back(std::move(block));
    blocks.back().shrink_to_fit();
  }
  void unpack() {
    for (const auto& held : blocks) {
      std::string_view block = held;
      for (ImportEntry entry;;) {
        const auto packed = block;
        if (!take_entry(block, entry)) break;
        if (entry.is_user) users.push_back({entry.name, packed});
      }
    }
    std::sort(users.begin(), users.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  ImportEntry user(std::size_t i) const {
    ImportEntry entry;
    auto packed = users[i].packed;
    take_entry(packed, entry);
    return entry;
  }
  std::string_view id(std::size_t i) const { return {ids[i].data(), ids[i].size()}; }
};

ImportStaging::ImportStaging(Realm& realm, const ImportRequest& request) : realm_(realm), request_(request) {
  for (const auto& dead : abandon_dead(realm)) clear(realm.db(), dead);
  prefix_ = base::make_uuid7(realm.random(), base::to_unix_millis(realm.now()))
                .substr(0, store::import_prefix_size);
  store::Transaction transaction(realm.db());
  if (!store::list_imports(realm.db()).empty())
    throw Error{ErrorCode::conflict, "another import is under way", "try again when it is done"};
  store::insert_import(realm.db(), {prefix_, base::this_process(), realm.now(), false});
  transaction.commit();
}

ImportStaging::~ImportStaging() {
  if (published_) return;
  try {
    {
      store::Transaction transaction(realm_.db());
      store::abandon_import(realm_.db(), prefix_);
      transaction.commit();
    }
    clear(realm_.db(), prefix_);
  } catch (const std::exception&) {
    return;  // a full disk, a store that is gone: the next import clears it away
  }
}

void ImportStaging::keep_place() {
  if (request_.interrupted && request_.interrupted())
    throw Error{ErrorCode::interrupted, "interrupted: nothing was imported"};
  if (!store::touch_import(realm_.db(), prefix_, realm_.now())) fail_overtaken();
}

// Calls `block` for each staged_block of the rows.
void ImportStaging::write(std::size_t rows, const std::function<void(std::size_t, std::size_t)>& block) {
  store::PacedWriting writing(realm_.db());
  std::size_t at = 0;
  writing.run([this] { keep_place(); },
              [&] {
                const auto to = std::min(at + staged_block, rows);
                if (at < to) block(at, to);
                at = to;
                return at < rows;
              });
}

void ImportStaging::stage_accounts(const Chunk& chunk) {
  std::vector<store::StagedAccount> block;
  write(chunk.users.size(), [&](std::size_t from, std::size_t to) {
    block.clear();
    for (std::size_t i = from; i < to; ++i) {
      const auto user = chunk.user(i);
      block.push_back({chunk.id(i), user.name, user.email, user.hash,
                       user.hash.empty() ? std::string_view() : crypto::word_of(user.scheme), user.disabled,
                       user.must_change});
    }
    if (!store::insert_staged(realm_.db(), block, realm_.now()))
      throw Error{ErrorCode::conflict, "a name of the file was taken meanwhile: nothing was imported",
                  "authctl user import --dry-run names it"};
    staged_ += to - from;
    if (request_.progress) request_.progress("importing", staged_, 2 * users_);
  });
}

void ImportStaging::stage_identifiers(const Chunk& chunk) {
  std::vector<Chunk::Identifier> all;
  all.reserve(2 * chunk.users.size());
  for (std::size_t i = 0; i < chunk.users.size(); ++i) {
    const auto user = chunk.user(i);
    all.push_back({user.name, i, "name"});
    if (!user.email.empty() && user.folded_email != user.name) all.push_back({user.folded_email, i, "email"});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  std::vector<store::StagedIdentifier> block;
  const auto before = staged_;
  write(all.size(), [&](std::size_t from, std::size_t to) {
    block.clear();
    for (std::size_t i = from; i < to; ++i)
      block.push_back({all[i].value, chunk.id(all[i].user), all[i].kind});
    if (!store::insert_staged(realm_.db(), block))
      throw Error{ErrorCode::conflict,
                  "a name or e-mail of the file was taken meanwhile: nothing was imported",
                  "authctl user import --dry-run names it"};
    staged_ = before + chunk.users.size() * to / all.size();
    if (request_.progress) request_.progress("importing", staged_, 2 * users_);
  });
}

// By users, whose ids ascend: the indexes of both tables grow at their ends.
void ImportStaging::stage_factors(const Chunk& chunk) {
  std::vector<store::TotpRow> enrolments;
  std::vector<store::StagedBackupCode> codes;
  const auto flush = [&](auto& rows) {
    store::insert_staged(realm_.db(), rows, realm_.now());
    rows.clear();
  };
  const auto add = [&](std::string_view id, const ImportEntry& user) {
    if (!user.totp.empty())
      enrolments.push_back(seal_totp(realm_, std::string(id), credential::parse_otpauth(user.totp),
                                     store::EnrolmentState::confirmed, realm_.now()));
    for (auto rest = user.codes; !rest.empty();) {
      const auto code = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(code.size() + 1);
      const bool is_digest = credential::parse_imported_code(code).is_digest;
      codes.push_back({id, credential::backup_code_mac(code_key_, id, base::Secret(code)),
                       is_digest ? std::string_view() : code});
      if (codes.size() == staged_block) flush(codes);
    }
  };
  write(chunk.users.size(), [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) add(chunk.id(i), chunk.user(i));
    flush(enrolments);  // at most a block
    flush(codes);
  });
}

void ImportStaging::stage(Chunk& chunk) {
  chunk.unpack();
  chunk.ids.reserve(chunk.users.size());
  std::vector<std::uint32_t> noise(chunk.users.size());
  realm_.random().fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size() * sizeof(std::uint32_t)});
  for (const auto bits : noise) {
    const auto id = store::imported_user_id(prefix_, numbered_++, bits);
    auto& held = chunk.ids.emplace_back();
    std::copy_n(id.begin(), held.size(), held.begin());
  }
  stage_accounts(chunk);
  stage_identifiers(chunk);
  if (has_factors_) stage_factors(chunk);
  chunk = {};
}

void ImportStaging::fill(const ImportReport& report) {
  users_ = report.users;
  has_factors_ = report.with_totp + report.backup_codes > 0;
  if (report.backup_codes > 0) {
    store::Transaction transaction(realm_.db());
    code_key_ = backup_code_key(realm_, realm_.db());
    transaction.commit();
  }
  Chunk chunk;
  const auto source = request_.open();
  const auto end =
      read_import(*source, {report.format, request_.jobs, {}, request_.interrupted}, [&](std::string block) {
        chunk.add(std::move(block));
        if (chunk.bytes >= chunk_bytes) stage(chunk);
      });
  stage(chunk);
  if ("sha256:" + base::encode_hex(end.digest) != report.digest || numbered_ != report.users)
    throw Error{ErrorCode::invalid, "the file changed while it was read: nothing was imported", "try again"};
}

void ImportStaging::publish(const Cause& cause, audit::Event event) {
  store::PacedWriting(realm_.db()).sync();
  change(realm_, cause, [&](Change& c) {
    if (!store::publish_import(c.db(), prefix_)) fail_overtaken();
    c.record(std::move(event));
  });
  published_ = true;
}

}  // namespace authctl::service
