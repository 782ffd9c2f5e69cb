// The manual, made from the tree of commands and the table of settings. Invariant: every noun has a page,
// every option and verb stands in it, and nothing that the tree does not know.
#pragma once
#include <string>
#include <vector>

#include "cli/reference/outline.h"

namespace authctl::cli {

struct ManualPage {
  std::string name;  // authctl-user
  int section = 1;
  std::string content;
  std::string file() const { return name + "." + std::to_string(section); }
};

// `date` stands at the foot of every page.
std::vector<ManualPage> manual_pages(const std::string& date);

ManualPage noun_page(const NounOutline& noun, const std::string& date);
ManualPage overview_page(const std::vector<NounOutline>& nouns, const std::string& date);
ManualPage settings_page(const std::string& date);
ManualPage manifest_page(const std::string& date);
int section_of(const std::string& noun);  // 8 for what a system administrator starts, else 1

}  // namespace authctl::cli
