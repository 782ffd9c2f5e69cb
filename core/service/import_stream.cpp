#include "core/service/import_stream.h"

#include <cstring>
#include <mutex>
#include <set>

#include "core/base/error.h"
#include "core/crypto/digest_stream.h"
#include "core/service/record_stream.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;

// What stands before the texts of an entry, copied as it is: a block never leaves the process.
struct Head {
  std::uint64_t line;
  std::uint32_t name, email, folded_email, text, totp, codes, code_count;
  std::uint8_t is_user, scheme, flags, fault;
};
constexpr std::uint8_t flag_disabled = 1, flag_must_change = 2, flag_weak_hash = 4;

void append(std::string& block, const Head& head, std::initializer_list<std::string_view> texts) {
  block.append(reinterpret_cast<const char*>(&head), sizeof head);
  for (const auto text : texts) block += text;
}

std::uint32_t size_of(std::string_view text) { return static_cast<std::uint32_t>(text.size()); }

void append_user(std::string& block, std::uint64_t line, const ImportedUser& user) {
  // An address that is folded already is kept once.
  const std::string_view folded =
      user.folded_email == user.email ? std::string_view() : std::string_view(user.folded_email);
  const auto flags = static_cast<std::uint8_t>((user.disabled ? flag_disabled : 0) |
                                               (user.must_change ? flag_must_change : 0) |
                                               (user.has_weak_hash ? flag_weak_hash : 0));
  append(block,
         {line, size_of(user.name), size_of(user.email), size_of(folded), size_of(user.hash),
          size_of(user.totp), size_of(user.codes), static_cast<std::uint32_t>(user.code_count), 1,
          static_cast<std::uint8_t>(user.scheme), flags, 0},
         {user.name, user.email, folded, user.hash, user.totp, user.codes});
}

void append_problem(std::string& block, std::uint64_t line, const ImportProblem& problem) {
  append(block,
         {line, size_of(problem.name), 0, 0, size_of(problem.message), 0, 0, 0, 0, 0, 0,
          static_cast<std::uint8_t>(problem.fault)},
         {problem.name, problem.message});
}

// The names that mean nothing here, collected from all threads.
struct Ignored {
  std::mutex mutex;
  std::set<std::string> names;
};

class ImportWork final : public BatchWork {
 public:
  ImportWork(const ImportStreamOptions& options, const ImportColumns& columns, Ignored& ignored)
      : reader_(options.format, columns), ignored_(ignored) {}

  void run(RecordBatch& batch) override {
    for (const auto& record : batch.records) {
      if (batch.fragment) {
        append_problem(batch.output, record.line, {ImportFault::invalid, "", "it is far too long"});
        continue;
      }
      const auto result = reader_.read(batch.text_of(record), user_, problem_);
      if (problem_) append_problem(batch.output, record.line, *problem_);
      if (result == ImportRecordReader::Result::user) append_user(batch.output, record.line, user_);
    }
    if (reader_.ignored().size() == told_) return;
    told_ = reader_.ignored().size();
    const std::lock_guard lock(ignored_.mutex);
    ignored_.names.insert(reader_.ignored().begin(), reader_.ignored().end());
  }

 private:
  ImportRecordReader reader_;
  Ignored& ignored_;
  std::size_t told_ = 0;
  ImportedUser user_;
  std::optional<ImportProblem> problem_;
};

class DigestSource final : public base::ByteSource {
 public:
  explicit DigestSource(base::ByteSource& source) : source_(source) {}
  std::size_t read(std::span<char> out) override {
    const auto count = source_.read(out);
    digest_.add(base::bytes_of({out.data(), count}));
    return count;
  }
  crypto::Digest finish() { return digest_.finish(); }

 private:
  base::ByteSource& source_;
  crypto::DigestStream digest_;
};

}  // namespace

bool take_entry(std::string_view& block, ImportEntry& entry) {
  if (block.empty()) return false;
  Head head;
  std::memcpy(&head, block.data(), sizeof head);
  block.remove_prefix(sizeof head);
  const auto take = [&](std::uint32_t size) {
    const auto text = block.substr(0, size);
    block.remove_prefix(size);
    return text;
  };
  entry = {};
  entry.line = head.line;
  entry.is_user = head.is_user != 0;
  entry.name = take(head.name);
  entry.email = take(head.email);
  entry.folded_email = head.folded_email == 0 ? entry.email : take(head.folded_email);
  (entry.is_user ? entry.hash : entry.message) = take(head.text);
  entry.totp = take(head.totp);
  entry.codes = take(head.codes);
  entry.code_count = head.code_count;
  entry.scheme = static_cast<crypto::PasswordScheme>(head.scheme);
  entry.disabled = (head.flags & flag_disabled) != 0;
  entry.must_change = (head.flags & flag_must_change) != 0;
  entry.has_weak_hash = (head.flags & flag_weak_hash) != 0;
  entry.fault = static_cast<ImportFault>(head.fault);
  return true;
}

ImportStreamEnd read_import(base::ByteSource& source, const ImportStreamOptions& options,
                            const std::function<void(std::string packed)>& consume) {
  DigestSource digested(source);
  const bool csv = options.format == ImportFormat::csv;
  RecordReader reader(digested, csv ? token::RecordForm::csv : token::RecordForm::json_lines);
  const ImportColumns columns = csv ? read_import_header(reader.read_first()) : ImportColumns{};
  Ignored ignored;
  StreamSteps steps;
  steps.make_work = [&] { return std::make_unique<ImportWork>(options, columns, ignored); };
  steps.prepare = [](RecordBatch&) {};
  steps.consume = [&](RecordBatch& batch) {
    if (options.interrupted && options.interrupted())
      throw Error(ErrorCode::interrupted, "interrupted: nothing was imported");
    const auto end = batch.end_offset;
    consume(std::move(batch.output));
    if (options.progress) options.progress(end, source.total());
  };
  run_stream(reader, options.jobs, steps);
  ignored.names.insert(columns.ignored.begin(), columns.ignored.end());
  return {digested.finish(), {ignored.names.begin(), ignored.names.end()}};
}

}  // namespace authctl::service
