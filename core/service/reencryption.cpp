#include "core/service/reencryption.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/staged_file.h"
#include "core/base/text.h"
#include "core/service/record_work.h"
#include "core/service/rotation_journal.h"

namespace authctl::service {
namespace {

using base::Error;
using base::ErrorCode;
using base::StagedFile;

// Input between two journals: seldom enough to cost nothing, often enough to lose little.
constexpr std::uint64_t checkpoint_every = std::uint64_t{8} << 20;
constexpr std::size_t tail_size = 4096;

// The output of one run: a staged file with its journal, a hook, or nothing.
class Output {
 public:
  Output(const ReencryptionRequest& request, const StreamHooks& hooks) : request_(request), hooks_(hooks) {
    if (!request.output.empty() && !request.dry_run) {
      file_.emplace(request.output, request.replace ? base::IfExists::replace : base::IfExists::refuse);
    }
  }

  void begin() {
    if (!file_) return;
    // A run that died before its first journal left nothing that is worth keeping.
    if (request_.resume && StagedFile::is_begun(request_.output))
      file_->take_up(0);
    else
      file_->begin();
  }
  void give_up() {
    if (file_) file_->give_up();
  }
  void take_up(const RotationJournal& journal) { file_->take_up(journal.output_size); }
  void write(std::string_view bytes) {
    if (file_)
      file_->append(bytes);
    else if (hooks_.write && !request_.dry_run)
      hooks_.write(bytes);
  }
  void checkpoint(RotationJournal& journal) {
    if (!file_) return;
    journal.output_size = file_->size();
    file_->checkpoint(to_text(journal));
  }
  void publish(RotationJournal& journal) {
    if (!file_) return;
    journal.whole = true;
    checkpoint(journal);
    file_->publish();
  }

 private:
  const ReencryptionRequest& request_;
  const StreamHooks& hooks_;
  std::optional<StagedFile> file_;
};

[[noreturn]] void refuse_input() {
  throw Error(ErrorCode::precondition, "the input is not the one of the interrupted run",
              "delete the .partial and .journal files to start again");
}

// One of the keys that the interrupted run opened tokens with and this one does not; nothing: it has all of
// them.
const std::string* missing_key(const RotationJournal& journal, const RotationJournal& now) {
  for (const auto& kid : journal.opening_kids)
    if (std::find(now.opening_kids.begin(), now.opening_kids.end(), kid) == now.opening_kids.end())
      return &kid;
  return nullptr;
}

bool is_same_work(const RotationJournal& journal, const RotationJournal& now) {
  return journal.layout.form == now.layout.form && journal.layout.name == now.layout.name &&
         journal.input == now.input && journal.active_kid == now.active_kid &&
         missing_key(journal, now) == nullptr;
}

void check_same(const RotationJournal& journal, const RotationJournal& now) {
  if (journal.layout.form != now.layout.form || journal.layout.name != now.layout.name) {
    throw Error(ErrorCode::precondition, "the interrupted run read its records in another way",
                "give the same --field or --column, or delete the .partial file to start again");
  }
  if (journal.input != now.input) refuse_input();
  if (journal.active_kid != now.active_kid) {
    throw Error(ErrorCode::precondition, "another key is active than in the interrupted run",
                "delete the .partial and .journal files to start again");
  }
  if (const auto* kid = missing_key(journal, now)) {
    throw Error(
        ErrorCode::precondition,
        "the interrupted run opened tokens with key " + base::quote(*kid) + ", and this one would not",
        "--from " + base::shell_word(*kid) + " --reason TEXT if it was revoked");
  }
}

// Brings the input to where the interrupted run stopped, and looks whether it is the same up to there.
void pass_over(base::ByteSource& source, const RotationJournal& journal) {
  std::string tail(journal.tail_size, '\0');
  const bool there = journal.tail_size <= journal.input_offset &&
                     source.skip(journal.input_offset - journal.tail_size) && source.read_fully(tail);
  if (!there || hash_of_tail(tail) != journal.tail_hash) refuse_input();
  char more = 0;
  if (journal.whole && source.read({&more, 1}) != 0) refuse_input();
}

void fill_ivs(RecordBatch& batch, base::Random& random) {
  batch.ivs.resize(batch.records.size() * token::fernet_iv_size);
  random.fill(batch.ivs);
}

void refuse_when_interrupted(const StreamHooks& hooks) {
  if (hooks.interrupted && hooks.interrupted()) {
    throw Error(ErrorCode::interrupted, "interrupted", "with --out, the same command with --resume goes on");
  }
}

// Reads the header of a CSV stream and gives it back.
std::string take_header(RecordReader& reader, token::RecordLayout& layout) {
  if (layout.form != token::RecordForm::csv) return {};
  auto header = reader.read_first();
  read_csv_header(header, layout);
  return header;
}

RotationJournal journal_of(const base::ByteSource& source, const token::FernetRing& ring,
                           const ReencryptionRequest& request) {
  RotationJournal journal;
  journal.input = source.identity();
  journal.layout = request.layout;
  journal.active_kid = ring.kid(0);
  for (std::size_t i = 0; i < ring.size(); ++i)
    if (ring.opens(i)) journal.opening_kids.push_back(ring.kid(i));
  journal.tail_hash = hash_of_tail({});
  return journal;
}

std::optional<RotationJournal> interrupted_run(const ReencryptionRequest& request) {
  if (!request.resume || request.dry_run) return std::nullopt;
  const auto text = StagedFile::journal_of(request.output);
  return text ? std::optional(parse_journal(*text)) : std::nullopt;
}

// A run that died when its file was in its place already. The journal that it left says so only while that
// file is there and the input is still the one it was made from.
bool is_done(base::ByteSource& source, const RotationJournal& earlier, const RotationJournal& now,
             const std::string& output) {
  std::error_code none;
  if (!earlier.whole || std::filesystem::file_size(output, none) != earlier.output_size || none ||
      !is_same_work(earlier, now)) {
    return false;
  }
  pass_over(source, earlier);
  return true;
}

void say_begun(const StreamHooks& hooks) {
  if (hooks.begun) hooks.begun();
}

class Run {
 public:
  Run(base::ByteSource& source, const token::FernetRing& ring, base::Random& random,
      const ReencryptionRequest& request, const StreamHooks& hooks)
      : source_(source),
        ring_(ring),
        random_(random),
        request_(request),
        hooks_(hooks),
        reader_(source, request.layout.form),
        output_(request, hooks) {
    journal_ = journal_of(source, ring, request);
  }

  // What an interrupted run left is taken up; false where nothing was left to do but to put the file in its
  // place.
  bool take_up(RotationJournal earlier) {
    check_same(earlier, journal_);
    journal_ = std::move(earlier);
    output_.take_up(journal_);
    say_begun(hooks_);
    pass_over(source_, journal_);
    if (journal_.whole) {
      output_.publish(journal_);
      return false;
    }
    reader_.start_at(journal_.input_offset, journal_.next_line);
    return true;
  }

  void begin() {
    const auto header = take_header(reader_, journal_.layout);
    output_.begin();
    try {
      say_begun(hooks_);
    } catch (...) {
      output_.give_up();
      throw;
    }
    output_.write(header);
    journal_.input_offset = header.size();
    journal_.next_line = reader_.line();
    remember_tail(header);
    checkpoint();
  }

  // A disk that is full has room again some day, and what is written stays written.
  void work_resumably() {
    try {
      work();
    } catch (const Error& error) {
      const bool resumable =
          error.code() == ErrorCode::io && !request_.output.empty() && StagedFile::is_begun(request_.output);
      if (!resumable || !error.hint().empty()) throw;
      throw Error(error.code(), error.message(),
                  "when that is mended, the same command with --resume goes on");
    }
  }

  RecordTally& tally() { return journal_.tally; }

 private:
  void work() {
    const auto make = [this] { return std::make_unique<ReencryptBatch>(ring_.clone(), journal_.layout); };
    run_stream(reader_, request_.jobs,
               {make, [this](RecordBatch& batch) { fill_ivs(batch, random_); },
                [this](RecordBatch& batch) { consume(batch); }});
    hash_tail();
    if (hooks_.alive) hooks_.alive();  // its last word before the file counts
    output_.publish(journal_);
  }

  void consume(RecordBatch& batch) {
    output_.write(batch.output);
    journal_.tally.add(batch.tally);
    journal_.input_offset = batch.end_offset;
    journal_.next_line = batch.next_line;
    since_checkpoint_ += batch.bytes.size();
    remember_tail(batch.bytes);
    const bool stop = hooks_.interrupted && hooks_.interrupted();
    // A piece of a record is no place to go on from.
    if (!batch.fragment && (stop || since_checkpoint_ >= checkpoint_every)) {
      checkpoint();
      if (hooks_.alive) hooks_.alive();
    }
    if (hooks_.progress) hooks_.progress(batch.end_offset, source_.total());
    refuse_when_interrupted(hooks_);
  }

  void remember_tail(std::string_view bytes) {
    tail_.assign(bytes.substr(bytes.size() - std::min(bytes.size(), tail_size)));
  }
  void hash_tail() {
    if (tail_.empty()) return;  // nothing was read since the journal that was taken up
    journal_.tail_size = tail_.size();
    journal_.tail_hash = hash_of_tail(tail_);
  }
  void checkpoint() {
    hash_tail();
    output_.checkpoint(journal_);
    since_checkpoint_ = 0;
  }

  base::ByteSource& source_;
  const token::FernetRing& ring_;
  base::Random& random_;
  const ReencryptionRequest& request_;
  const StreamHooks& hooks_;
  RecordReader reader_;
  Output output_;
  RotationJournal journal_;
  std::string tail_;  // of what was read last
  std::uint64_t since_checkpoint_ = 0;
};

}  // namespace

RecordTally reencrypt(base::ByteSource& source, const token::FernetRing& ring, base::Random& random,
                      const ReencryptionRequest& request, const StreamHooks& hooks) {
  if (ring.empty())
    throw Error(ErrorCode::invalid, "there is no key to encrypt with",
                "authctl key generate --use fernet, or --key-file F");
  auto earlier = interrupted_run(request);
  if (earlier && !StagedFile::is_begun(request.output)) {
    if (is_done(source, *earlier, journal_of(source, ring, request), request.output)) {
      say_begun(hooks);
      StagedFile::forget_journal(request.output);
      return std::move(earlier->tally);
    }
    earlier.reset();  // without its partial file it is a past that nobody can go on with
  }
  Run run(source, ring, random, request, hooks);
  bool more = true;
  if (earlier)
    more = run.take_up(std::move(*earlier));
  else
    run.begin();
  if (more) run.work_resumably();
  return std::move(run.tally());
}

RecordTally count_by_key(base::ByteSource& source, const token::FernetRing& ring,
                         const token::RecordLayout& layout, unsigned jobs, const StreamHooks& hooks) {
  RecordTally tally;
  RecordReader reader(source, layout.form);
  auto read_layout = layout;
  take_header(reader, read_layout);
  run_stream(reader, jobs,
             {[&] { return std::make_unique<CountBatch>(ring.clone(), read_layout); }, [](RecordBatch&) {},
              [&](RecordBatch& batch) {
                tally.add(batch.tally);
                if (hooks.progress) hooks.progress(batch.end_offset, source.total());
                refuse_when_interrupted(hooks);
              }});
  tally.by_key.resize(ring.size());
  return tally;
}

}  // namespace authctl::service
