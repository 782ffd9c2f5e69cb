#include "core/audit/verification.h"

#include <algorithm>
#include <array>

#include "core/audit/block_index.h"
#include "core/audit/sealed_chain.h"
#include "core/audit/sealed_detail.h"
#include "core/base/error.h"

namespace authctl::audit {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::array<std::string_view, 4> verdict_words{"intact", "altered", "truncated", "unverifiable"};
constexpr std::int64_t progress_step = 1 << 14;

// Ends the verification with what was found; never leaves this file.
struct Finding {
  LogVerdict verdict;
  std::string problem;
  std::optional<std::int64_t> seq = std::nullopt;
};

[[noreturn]] void altered(std::string problem, std::optional<std::int64_t> seq = std::nullopt) {
  throw Finding{LogVerdict::altered, std::move(problem), seq};
}

std::string entry_word(std::int64_t seq) { return "entry " + std::to_string(seq); }

// Whom signatures must be of, and the key of the row MACs where the store's own key could be opened.
struct Keys {
  VerifierKey verifier;
  std::optional<base::Secret> mac;
  bool given = false;  // by the caller, not by the store
};

Keys find_keys(store::Database& db, const VerifyRequest& request) {
  Keys keys;
  if (request.sealer != nullptr) {
    try {
      LogKey own = open_log_key(db, *request.sealer);
      keys.verifier = own.verifier();
      keys.mac = std::move(own.mac_key);
    } catch (const Error& error) {
      if (!request.public_key) throw Finding{LogVerdict::unverifiable, error.message()};
    }
    const auto stored = read_verifier_key(db);
    if (keys.mac && (!stored || stored->key != keys.verifier.key))
      altered("the public key in the store is not the log's");
  }
  if (request.public_key) {
    keys.verifier = *request.public_key;
    keys.given = true;
  }
  if (!request.sealer && !request.public_key)
    throw Finding{LogVerdict::unverifiable, "there is no key to verify with"};
  return keys;
}

SignedNote check_note(std::string_view text, const Keys& keys, NoteKind kind, const std::string& what) {
  auto note = parse_note(text);
  if (!note) altered(what + " is damaged");
  if (keys.given && note->checkpoint.origin != keys.verifier.name) {
    throw Finding{LogVerdict::unverifiable, "the public key is of another log than " + what};
  }
  if (!verify_note(*note, keys.verifier)) altered(what + " does not carry the log's signature");
  if (note->checkpoint.kind != kind) altered(what + " was signed for another purpose");
  return std::move(*note);
}

void check_tree(const SignedNote& note, const Frontier& frontier, const std::string& what) {
  if (note.checkpoint.size != frontier.size()) altered(what + " was signed for another size");
  if (note.checkpoint.root != frontier.root()) altered(what + " was signed over another tree");
}

// One pass over the rows, and what it has to hold them against.
class Pass {
 public:
  Pass(store::Database& db, const VerifyRequest& request, Verification& result)
      : db_(db), request_(request), result_(result) {}

  void run() {
    keys_ = find_keys(db_, request_);
    if (request_.sealer != nullptr) key_.emplace(*request_.sealer);
    const Head head = take_head();
    take_stubs();
    take_checkpoint();
    read_rows();
    if (frontier_.size() < head.frontier.size()) {
      const auto missing = static_cast<std::int64_t>(frontier_.size()) + 1;
      throw Finding{LogVerdict::truncated, "the log ends before " + entry_word(missing), missing};
    }
    if (frontier_.root() != head.frontier.root()) altered("the entries do not give the tree that was signed");
    // A prune took times with it that may have been later than those that are left.
    if (result_.pruned == 0 && head.latest != latest_)
      altered("the head names another latest time than the entries");
    check_index();
    check_sealing();
  }

 private:
  Head take_head() {
    const auto rows = db_.query("SELECT count(*) FROM audit_head");
    if (rows->next() && rows->integer(0) > 1) altered("the log has more than one head");
    try {
      Head head = read_head(db_);
      result_.size = static_cast<std::int64_t>(head.frontier.size());
      result_.root = head.frontier.root();
      check_tree(check_note(head.note, keys_, NoteKind::head, "the head"), head.frontier, "the head");
      return head;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unverified) throw;
      altered(error.message());
    }
  }

  // Every prune left one; the rows go on where the last of them ends.
  void take_stubs() {
    const auto rows = db_.query("SELECT size, frontier, note FROM audit_stub ORDER BY size");
    while (rows->next()) {
      const std::string what = "the stub of size " + std::to_string(rows->integer(0));
      auto frontier = Frontier::parse(static_cast<std::uint64_t>(rows->integer(0)), rows->blob(1));
      if (!frontier) altered(what + " is damaged");
      const std::string note = rows->string(2);
      check_tree(check_note(note, keys_, NoteKind::pruned, what), *frontier, what);
      frontier_ = std::move(*frontier);
    }
    result_.pruned = static_cast<std::int64_t>(frontier_.size());
    if (result_.pruned > result_.size) altered("more entries were pruned than the head knows of");
  }

  void take_checkpoint() {
    if (!request_.checkpoint) return;
    const auto note = parse_note(*request_.checkpoint);
    if (!note)
      throw Error(ErrorCode::invalid, "the checkpoint is no signed note", "authctl audit checkpoint");
    if (!verify_note(*note, keys_.verifier)) {
      throw Finding{LogVerdict::unverifiable, "the checkpoint does not carry this log's signature"};
    }
    kept_ = note->checkpoint;
    const auto size = static_cast<std::int64_t>(kept_->size);
    if (size > result_.size) {
      throw Finding{LogVerdict::truncated,
                    "the checkpoint knows " + std::to_string(size) + " entries, the log only " +
                        std::to_string(result_.size),
                    result_.size + 1};
    }
    if (size < result_.pruned) {
      throw Finding{LogVerdict::unverifiable, "the checkpoint is older than the last prune"};
    }
    hold_against_checkpoint();
  }

  void hold_against_checkpoint() {
    if (!kept_ || kept_->size != frontier_.size() || kept_->root == frontier_.root()) return;
    altered("the log up to " + entry_word(static_cast<std::int64_t>(kept_->size)) +
            " is not the one that the checkpoint was signed over");
  }

  void read_rows() {
    const std::string sql =
        "SELECT " + std::string(entry_columns) + ", leaf, mac FROM audit_entry ORDER BY seq";
    const auto rows = db_.query(sql);
    while (rows->next()) {
      check_row(*rows);
      hold_against_checkpoint();
      if (++result_.entries % progress_step == 0 && request_.progress) {
        request_.progress(result_.entries, result_.size - result_.pruned);
      }
    }
  }

  void check_row(const store::Rows& row) {
    StoredEntry entry = read_entry(row);
    const auto expected = static_cast<std::int64_t>(frontier_.size()) + 1;
    if (entry.seq < expected) altered(entry_word(entry.seq) + " stands where it was pruned", entry.seq);
    if (entry.seq > result_.size) {
      if (expected <= result_.size) altered(entry_word(expected) + " is missing", expected);
      altered(entry_word(entry.seq) + " was never written by this log", entry.seq);
    }
    if (entry.seq > expected) altered(entry_word(expected) + " is missing", expected);
    const bool sealed = DetailKey::is_sealed(entry.detail);
    if (const auto problem = sealed_.add(entry, sealed)) altered(*problem, entry.seq);
    const Hash leaf = sealed && !key_ ? stored_leaf(entry, row) : reckon_leaf(entry, row);
    if (keys_.mac && !std::ranges::equal(crypto::short_mac(keys_.mac->reveal(), leaf), row.blob(12))) {
      altered(entry_word(entry.seq) + " was altered and hashed anew", entry.seq);
    }
    frontier_.append(leaf);
    latest_ = base::later_of(base::from_unix_millis(entry.time), latest_);
    if (const auto problem = index_.add(entry)) altered(*problem, first_of(block_of(entry.seq)));
  }

  Hash reckon_leaf(StoredEntry& entry, const store::Rows& row) {
    if (key_) key_->open(entry, detail_);
    write_record(entry, record_);
    const Hash leaf = hash_leaf(base::bytes_of(record_));
    if (!std::ranges::equal(leaf, row.blob(11))) altered(entry_word(entry.seq) + " was altered", entry.seq);
    return leaf;
  }

  // Of an entry that only the master key opens: the tree says whether the leaf is the one that was signed,
  // the chain of sealed rows whether the row is the one that was sealed.
  Hash stored_leaf(const StoredEntry& entry, const store::Rows& row) {
    const auto stored = row.blob(11);
    Hash leaf{};
    if (stored.size() != leaf.size()) altered(entry_word(entry.seq) + " was altered", entry.seq);
    std::ranges::copy(stored, leaf.begin());
    ++result_.sealed;
    return leaf;
  }

  void check_sealing() {
    if (!sealed_.any()) return;
    if (!sealed_.begun()) altered("entries are sealed, and nothing in the log says that they were");
    if (!sealed_.ended() && !key_) {
      throw Finding{LogVerdict::unverifiable,
                    "the sealing of identifiers has not ended: the tree is the one that was signed, but " +
                        std::to_string(result_.sealed) + " sealed entries need the master key"};
    }
  }

  // What queries read beside the rows: that no row of it is too many, and that its pages hold together.
  // PostgreSQL's pages are not within reach of whoever writes its tables.
  void check_index() {
    if (const auto problem = index_.finish()) altered(*problem);
    if (db_.engine() != store::Engine::sqlite) return;
    for (const char* check : {"PRAGMA integrity_check(audit_entry)", "PRAGMA integrity_check(audit_index)",
                              "PRAGMA integrity_check(audit_block)"}) {
      const auto rows = db_.query(check);
      if (!rows->next() || rows->text(0) == "ok") continue;
      std::string found = rows->string(0);
      if (found.starts_with("*** ")) found.erase(0, found.find('\n') + 1);  // a heading: "in database main"
      altered("the pages of the log and its index do not hold together: " + found);
    }
  }

  store::Database& db_;
  std::optional<DetailKey> key_;  // none: only the public key is there
  std::string detail_;
  const VerifyRequest& request_;
  Verification& result_;
  Keys keys_;
  IndexCheck index_{db_};
  SealedRows sealed_{db_};
  Frontier frontier_;
  base::Timestamp latest_{};  // as the log reckons it (Log::append)
  std::optional<Checkpoint> kept_;
  std::string record_;
};

}  // namespace

std::string_view word_of(LogVerdict verdict) { return verdict_words[static_cast<std::size_t>(verdict)]; }

std::optional<Stub> read_last_stub(store::Database& db) {
  const auto rows = db.query("SELECT size, frontier, note FROM audit_stub ORDER BY size DESC LIMIT 1");
  if (!rows->next()) return Stub{};
  auto frontier = Frontier::parse(static_cast<std::uint64_t>(rows->integer(0)), rows->blob(1));
  if (!frontier) return std::nullopt;
  return Stub{std::move(*frontier), rows->string(2)};
}

Verification verify_log(store::Database& db, const VerifyRequest& request) {
  Verification result;
  db.begin_read();
  try {
    Pass(db, request, result).run();
  } catch (const Finding& finding) {
    result.verdict = finding.verdict;
    result.problem = finding.problem;
    result.first_bad_seq = finding.seq;
  } catch (...) {
    db.rollback();
    throw;
  }
  db.rollback();
  return result;
}

}  // namespace authctl::audit
