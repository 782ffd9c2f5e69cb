#include "cli/reference/pages.h"

#include <filesystem>
#include <fstream>

#include "cli/reference/manual.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace authctl::cli {
namespace {

// "November 26, 2026" (mdoc wants it so): of the sources where SOURCE_DATE_EPOCH names their time, else
// today.
std::string page_date(const World& world) {
  std::chrono::seconds since_epoch =
      std::chrono::floor<std::chrono::seconds>(world.clock.now()).time_since_epoch();
  if (const auto epoch = world.environment("SOURCE_DATE_EPOCH");
      epoch && epoch->find_first_not_of("0123456789") == std::string::npos && epoch->size() < 12)
    since_epoch = std::chrono::seconds(std::stoll(*epoch));
  const std::chrono::year_month_day day{
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(since_epoch))};
  constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                    "July",    "August",   "September", "October", "November", "December"};
  return std::string(months[static_cast<unsigned>(day.month()) - 1]) + " " +
         std::to_string(static_cast<unsigned>(day.day())) + ", " +
         std::to_string(static_cast<int>(day.year()));
}

void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  out.flush();
  if (!out) throw base::Error(base::ErrorCode::io, "cannot write " + base::quote(path.string()));
}

}  // namespace

std::string reference_page(std::string_view page) {
  if (page == "completion bash") return bash_completion();
  if (page == "completion zsh") return zsh_completion();
  if (page == "completion fish") return fish_completion();
  throw base::Error(base::ErrorCode::internal, "no reference page " + std::string(page));
}

void write_reference(const std::string& folder, const World& world) {
  const std::filesystem::path root(folder);
  write_file(root / "completions/authctl.bash", bash_completion());
  write_file(root / "completions/_authctl", zsh_completion());
  write_file(root / "completions/authctl.fish", fish_completion());
  for (const auto& page : manual_pages(page_date(world))) {
    write_file(root / ("man/man" + std::to_string(page.section)) / page.file(), page.content);
  }
}

}  // namespace authctl::cli
