#include "cli/reference/pages.h"

#include "core/base/error.h"

namespace authctl::cli {

std::vector<ReferenceFile> reference_files() {
  return {{"completions/authctl.bash", bash_completion()},
          {"completions/_authctl", zsh_completion()},
          {"completions/authctl.fish", fish_completion()}};
}

std::string reference_page(std::string_view page) {
  if (page == "completion bash") return bash_completion();
  if (page == "completion zsh") return zsh_completion();
  if (page == "completion fish") return fish_completion();
  throw base::Error(base::ErrorCode::internal, "no reference page " + std::string(page));
}

}  // namespace authctl::cli
