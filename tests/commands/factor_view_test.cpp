#include "commands/factor_view.h"

#include <algorithm>
#include <sstream>

#include "commands/backup_sheet.h"
#include "core/base/error.h"
#include "core/credential/qr_code.h"
#include "tests/support/catch.h"

namespace authctl::commands {
namespace {

base::ErrorCode refusal(service::CodeCheck check) {
  check.user_name = "ann";
  try {
    refuse_unverified(check);
  } catch (const base::Error& error) {
    return error.code();
  }
  return base::ErrorCode::internal;
}

std::size_t characters(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST_CASE("a lock and a factor that is not there are errors, a wrong code is an answer") {
  service::CodeCheck check;
  check.refusal = service::Refusal::locked;
  check.locked_until = base::from_unix_seconds(1767225600);
  CHECK(refusal(check) == base::ErrorCode::locked);
  check.refusal = service::Refusal::no_second_factor;
  CHECK(refusal(check) == base::ErrorCode::denied);
  for (const auto answer :
       {service::Refusal::wrong_code, service::Refusal::used_code, service::Refusal::disabled}) {
    check.refusal = answer;
    CHECK_NOTHROW(refuse_unverified(check));
  }
}

TEST_CASE("the longest enrolment still fits a window of 80 columns, and what does not is refused") {
  const std::string longest = "otpauth://totp/" + std::string(64, 'I') + ':' + std::string(64, 'a') +
                              "?secret=" + std::string(32, 'A') + "&issuer=" + std::string(64, 'I') +
                              "&algorithm=SHA512&digits=8&period=30";
  const auto drawn = credential::QrCode(base::Secret(longest)).half_blocks();
  std::istringstream lines(drawn);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, characters(line));
  CHECK(widest > 60);
  CHECK(widest <= 80);
  try {
    credential::QrCode(base::Secret(std::string(1000, 'x')));
    FAIL("it was drawn");
  } catch (const base::Error& error) {
    CHECK(error.code() == base::ErrorCode::invalid);
  }
}

TEST_CASE("what a sheet of codes shows of an account cannot become markup") {
  std::vector<base::Secret> codes;
  codes.emplace_back(std::string_view("2hae-magp-iyjj-2nmv"));
  const BackupSheet sheet{"<b>&\"", "</title><script>alert(1)</script>", base::from_unix_seconds(1767225600),
                          codes};
  const auto page = html_of(sheet);
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<b>") == std::string::npos);
  CHECK(page.find("&lt;b&gt;&amp;&quot;") != std::string::npos);
  CHECK(page.find("2hae-magp-iyjj-2nmv") != std::string::npos);
}

}  // namespace
}  // namespace authctl::commands
