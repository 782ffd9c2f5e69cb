#include "commands/session_view.h"

#include "core/base/text.h"

namespace authctl::commands {
namespace {

using store::RefreshRow;

constexpr std::size_t label_width = 12;
// A family that lived for days has hundreds: the first and the last of them tell the story.
constexpr std::size_t shown_at_each_end = 20;

std::string line(std::string_view label, const std::string& value) {
  std::string text(label);
  text += ':';
  text.resize(std::max(text.size() + 1, label_width), ' ');
  return text + base::printable(value) + '\n';
}

std::string from(const std::optional<std::string>& ip) {
  return ip && !ip->empty() ? " from " + base::printable(*ip) : std::string();
}

std::string what_became(const RefreshRow& row, bool last, bool live) {
  if (row.used_at) return "used " + base::to_rfc3339(*row.used_at) + from(row.used_ip);
  return last && live ? "not used yet" : "never used";
}

// Everything below the first hangs one step further in than what it followed; deep families keep one margin.
std::string draw_lineage(const service::SessionView& view, bool live) {
  std::string text;
  const auto& rows = view.lineage;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows.size() > 2 * shown_at_each_end && i == shown_at_each_end) {
      i = rows.size() - shown_at_each_end;
      text += "  │  … " + std::to_string(i - shown_at_each_end) + " more\n";
    }
    const auto& row = rows[i];
    const bool last = i + 1 == rows.size();
    const std::string stem = last ? "     " : "  │  ";
    text += (last ? "  └─ " : "  ├─ ") + std::to_string(row.generation) + "  issued " +
            base::to_rfc3339(row.issued_at) + "\n";
    text += stem + "     " + what_became(row, last, live) + "\n";
    if (row.repeats > 0)
      text += stem + "     same successor given again: " + std::to_string(row.repeats) + "\n";
    if (row.reused_at)
      text += stem + "   ! REUSED " + base::to_rfc3339(*row.reused_at) + from(row.reused_ip) + "\n";
  }
  return text;
}

}  // namespace

std::string draw_session(const service::SessionView& view, base::Timestamp now, base::Duration idle) {
  const auto& session = view.session;
  const bool live = service::is_live(session, now, idle);
  std::string text = line("id", session.id);
  text += line("user", session.user);
  text += line("client", session.client_id + " (" + std::string(store::word_of(session.door)) + ")");
  if (!session.ip.empty()) text += line("address", session.ip);
  if (!session.user_agent.empty()) text += line("user agent", session.user_agent);
  text +=
      line("signed in", base::to_rfc3339(session.created_at) + (session.remember_me ? ", remembered" : ""));
  text += line("last used", base::to_rfc3339(session.last_used_at));
  text += line("ends", base::to_rfc3339(session.ends_at));
  if (session.ended_at) {
    text += line("ended", base::to_rfc3339(*session.ended_at) + " (" + session.end_reason.value_or("") + ")");
  } else if (!live) {
    text += line("ended", now >= session.ends_at ? "by its age" : "unused for too long");
  }
  text += "refresh tokens:\n" + draw_lineage(view, live);
  return text;
}

}  // namespace authctl::commands
