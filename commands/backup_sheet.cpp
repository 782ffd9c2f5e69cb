#include "commands/backup_sheet.h"

#include "core/base/text.h"

namespace authctl::commands {
namespace {

constexpr std::size_t columns = 2;

constexpr std::string_view advice[] = {"Each code signs you in once when your phone is not at hand.",
                                       "Cross out what you have used. A new set ends this one.",
                                       "Keep this sheet where you keep your keys, not beside the computer."};

constexpr std::string_view style = R"css(
  @page { margin: 20mm; }
  body { font: 12pt/1.5 sans-serif; color: #000; background: #fff; max-width: 150mm; margin: 10mm auto; }
  h1 { font-size: 18pt; margin: 0; }
  p { margin: 2mm 0 6mm; }
  ol { display: grid; grid-template-columns: 1fr 1fr; gap: 4mm 10mm; margin: 0 0 8mm; padding: 0; list-style: none; }
  ol li { border-bottom: 1px solid #888; padding: 1mm 0; font: 15pt/1.4 monospace; white-space: nowrap; break-inside: avoid; }
  ol li::before { content: ""; display: inline-block; width: 4mm; height: 4mm; margin-right: 4mm; border: 1px solid #000; vertical-align: -0.5mm; }
  ul { margin: 0; padding-left: 5mm; }
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : base::printable(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string day_of(base::Timestamp time) { return base::to_rfc3339(time).substr(0, 10); }

}  // namespace

std::string text_of(const BackupSheet& sheet) {
  std::string text = "Backup codes of " + base::printable(sheet.user) + " for " +
                     base::printable(sheet.issuer) + ", made on " + day_of(sheet.made_at) + "\n\n";
  for (std::size_t i = 0; i < sheet.codes.size(); ++i) {
    text += (i % columns == 0 ? "  [ ] " : "      [ ] ") + std::string(sheet.codes[i].reveal_text());
    if (i % columns == columns - 1 || i + 1 == sheet.codes.size()) text += "\n\n";
  }
  for (const auto line : advice) text += std::string(line) + '\n';
  return text;
}

std::string html_of(const BackupSheet& sheet) {
  std::string text =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Backup codes of " +
      escaped(sheet.user) + "</title>\n<style>" + std::string(style) +
      "</style>\n</head>\n<body>\n<h1>Backup codes</h1>\n<p>" + escaped(sheet.user) + " for " +
      escaped(sheet.issuer) + ", made on " + day_of(sheet.made_at) + "</p>\n<ol>\n";
  for (const auto& code : sheet.codes) text += "<li>" + std::string(code.reveal_text()) + "</li>\n";
  text += "</ol>\n<ul>\n";
  for (const auto line : advice) text += "<li>" + escaped(line) + "</li>\n";
  return text + "</ul>\n</body>\n</html>\n";
}

}  // namespace authctl::commands
