#include "core/service/containment.h"

#include "core/audit/log.h"
#include "core/audit/redaction.h"
#include "core/base/error.h"

namespace authctl::service {
namespace {

using store::IncidentRepository;

// So many things in one change: nobody else waits long for the store.
constexpr std::size_t at_once = 50;

store::IncidentStepRow row_of(const ContainStep& step, std::size_t position) {
  return {static_cast<std::int64_t>(position),
          std::string(word_of(step.kind)),
          step.target,
          step.done_at,
          base::canonical_json(counts_json(step.ends)),
          step.first_seq,
          step.last_seq};
}

// A second run at the same time joins the first.
void begin(Change& c, Containment& plan) {
  IncidentRepository incidents(c.db());
  const auto open = incidents.latest(word_of(plan.scope), plan.subject);
  if (open && !open->finished_at) {
    plan.id = open->id;
    plan.began_at = open->began_at;
    return;
  }
  store::IncidentRow row;
  row.id = plan.id = base::make_uuid7(c.realm().random(), base::to_unix_millis(c.now()));
  row.scope = word_of(plan.scope);
  row.subject = plan.subject;
  row.began_at = c.now();
  plan.began_at = row.began_at;
  std::vector<store::IncidentStepRow> steps;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    auto step = plan.steps[i];
    step.ends.clear();
    steps.push_back(row_of(step, i));
  }
  incidents.insert(row, steps);
  c.record({"incident.contain",
            {"incident", row.id, ""},
            audit::Outcome::success,
            {{"scope", row.scope},
             {"subject", row.subject.empty() ? base::json::value() : base::json::value(row.subject)},
             {"steps", static_cast<std::int64_t>(steps.size())}}});
}

class Run {
 public:
  Run(Realm& realm, const Cause& cause, const ContainRequest& request, Containment& plan,
      const ContainProgress& progress)
      : realm_(realm), cause_(cause), request_(request), plan_(plan), progress_(progress) {}

  void perform(std::size_t position) {
    auto& step = plan_.steps[position];
    const auto things = things_of(realm_, step.kind);
    const auto successor = prepare(step);
    std::size_t at = 0;
    do {
      if (progress_) progress_(position, plan_.steps.size());
      const auto until = std::min(things.size(), at + at_once);
      const auto begin = things.begin() + static_cast<std::ptrdiff_t>(at);
      const StepWork work{request_,
                          plan_.scope,
                          step,
                          {begin, things.begin() + static_cast<std::ptrdiff_t>(until)},
                          successor ? &*successor : nullptr};
      at = until;
      auto after =
          change(realm_, cause_, [&](Change& c) { return piece(c, position, work, at == things.size()); });
      if (after) step = std::move(*after);
    } while (at < things.size());
  }

 private:
  std::optional<PreparedRotation> prepare(const ContainStep& step) {
    if (step.kind != StepKind::rotate_key && step.kind != StepKind::revoke_key) return std::nullopt;
    const auto key = store::KeyRepository(realm_.db()).find(step.target);
    if (!key || key->state != store::KeyState::active) return std::nullopt;
    return prepare_rotation(realm_, cause_,
                            {.use = key->use,
                             .kind = Rotation::emergency,
                             .timing = request_.timing,
                             .grace = {},
                             .alg = {},
                             .began = realm_.by_clock()});
  }

  // The step as its row stands from now on; nothing where it was done before and there was nothing left to
  // do.
  std::optional<ContainStep> piece(Change& c, std::size_t position, const StepWork& work, bool last) {
    IncidentRepository incidents(c.db());
    const auto rows = incidents.steps(plan_.id);
    ContainStep step = as_stored(work.step, rows.at(position));
    const Counts ended = perform_step(c, {work.request, work.scope, step, work.things, work.successor});
    if (step.done_at && c.events().empty()) return step;
    for (const auto& [what, count] : ended) step.ends[what] += count;
    if (last) {
      step.done_at = c.now();
      base::json::object detail{{"step", word_of(step.kind)}, {"ended", counts_json(step.ends)}};
      if (!step.target.empty()) detail["target"] = step.target;
      c.record({"incident.step", {"incident", plan_.id, ""}, audit::Outcome::success, std::move(detail)});
    }
    if (c.events().empty()) return std::nullopt;
    const auto before = static_cast<std::int64_t>(c.realm().log().frontier().size());
    if (!step.first_seq) step.first_seq = before + 1;
    step.last_seq = before + static_cast<std::int64_t>(c.events().size());
    incidents.update_step(plan_.id, row_of(step, position));
    return step;
  }

  static ContainStep as_stored(ContainStep step, const store::IncidentStepRow& row) {
    step.done_at = row.done_at;
    step.first_seq = row.first_seq;
    step.last_seq = row.last_seq;
    step.ends = counts_from(row.counts);
    return step;
  }

  Realm& realm_;
  const Cause& cause_;
  const ContainRequest& request_;
  Containment& plan_;
  const ContainProgress& progress_;
};

}  // namespace

void contain(Realm& realm, const Cause& cause, const ContainRequest& request, Containment& plan,
             const ContainProgress& progress) {
  if (cause.dry_run) return;
  if (!plan.over) {
    change(realm, cause, [&](Change& c) { begin(c, plan); });
    Run run(realm, cause, request, plan, progress);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) run.perform(i);
    // What this entry says goes out with the receipt.
    Cause masked = cause;
    masked.reason = audit::redact_text(cause.reason);
    change(realm, masked, [&](Change& c) { finish_incident(c, plan); });
  }
  const auto incident = IncidentRepository(realm.db()).find(plan.id);
  plan.receipt = signed_receipt(realm, cause, incident.value());
}

}  // namespace authctl::service
