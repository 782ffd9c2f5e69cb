// who_may() of core/service/access.h: the granting roles are few and are held in memory; their holders may be
// many and are read a page at a time, each role's in the order of user ids, and merged.
#include <algorithm>

#include "core/service/access.h"
#include "core/service/access_graph.h"

namespace authctl::service {
namespace {

constexpr std::size_t rows_in_memory = 8192;

// The live assignments of one role, in the order of user ids.
class HoldersOfRole {
 public:
  HoldersOfRole(store::Database& db, std::string role_id, std::size_t place, std::size_t page,
                base::Timestamp now)
      : db_(db), role_id_(std::move(role_id)), place_(place), page_size_(page), now_(now) {}
  std::size_t place() const { return place_; }

  const store::AssignmentRow* front() {
    if (at_ == page_.size() && !done_) read_page();
    return at_ == page_.size() ? nullptr : &page_[at_];
  }
  void pop() { ++at_; }

 private:
  void read_page() {
    store::AssignmentPlace after;
    if (!page_.empty()) after = {page_.back().user_id, page_.back().resource};
    page_ = store::assignments_of_role(db_, role_id_, after, static_cast<std::int64_t>(page_size_), now_);
    at_ = 0;
    done_ = page_.size() < page_size_;
  }

  store::Database& db_;
  std::string role_id_;
  std::size_t place_, page_size_;
  base::Timestamp now_;
  std::vector<store::AssignmentRow> page_;
  std::size_t at_ = 0;
  bool done_ = false;
};

class Holders {
 public:
  Holders(store::Database& db, const Question& question, base::Timestamp now)
      : question_(question), now_(now), roles_(store::roles_granting(db, Candidates(question).filter())) {
    const auto page =
        std::max<std::size_t>(16, rows_in_memory / std::max<std::size_t>(1, roles_.places.size()));
    std::vector<std::pair<std::string, std::size_t>> roles(roles_.places.begin(), roles_.places.end());
    std::ranges::sort(roles, {}, [&](const auto& role) -> const std::string& {
      return roles_.graph.roles[role.second].name;
    });
    for (const auto& [id, place] : roles) cursors_.emplace_back(db, id, place, page, now);
  }

  std::optional<Holder> next() {
    for (;;) {
      Holder holder;
      Subject subject;
      if (!take_user(holder, subject)) return std::nullopt;
      holder.because = decide(subject, roles_.graph, question_, now_).because;
      if (!holder.because.empty()) return holder;
    }
  }

 private:
  // The assignments of the user who is first in any role's page.
  bool take_user(Holder& holder, Subject& subject) {
    for (auto& cursor : cursors_)
      if (const auto* row = cursor.front();
          row && (holder.user_id.empty() || row->user_id < holder.user_id)) {
        holder.user_id = row->user_id;
        holder.user_name = row->user_name;
        subject.active = row->user_active;
      }
    if (holder.user_id.empty()) return false;
    for (auto& cursor : cursors_)
      for (const auto* row = cursor.front(); row && row->user_id == holder.user_id; row = cursor.front()) {
        subject.assignments.push_back({cursor.place(), row->resource, row->expires_at});
        cursor.pop();
      }
    return true;
  }

  Question question_;
  base::Timestamp now_;
  GrantingRoles roles_;
  std::vector<HoldersOfRole> cursors_;
};

}  // namespace

std::function<std::optional<Holder>()> who_may(store::Database& db, const Question& question,
                                               base::Timestamp now) {
  return [holders = std::make_shared<Holders>(db, question, now)] { return holders->next(); };
}

}  // namespace authctl::service
