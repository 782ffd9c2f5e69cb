// QR codes (ISO/IEC 18004) that a phone reads: drawn in half blocks for a terminal, as SVG and as PNG.
// Invariant: four light modules stand around each (section 5.3.8), and what is drawn for a terminal fits into
// 80 columns.
#pragma once
#include <string>
#include <vector>

#include "core/base/encoding.h"
#include "core/base/secret.h"

namespace authctl::credential {

class QrCode {
 public:
  // Error invalid where it would not fit into 80 columns (425 bytes); io where libqrencode is missing.
  explicit QrCode(const base::Secret& text);
  int width() const { return width_; }  // modules, with the light ones around
  bool dark(int x, int y) const { return dark_[static_cast<std::size_t>(y * width_ + x)]; }

  // Two modules a character. What is light is drawn, what is dark is left: for a terminal that is dark.
  std::string half_blocks() const;
  std::string svg() const;
  // Eight pixels a module. Error io where libpng is missing.
  base::Bytes png() const;

 private:
  int width_ = 0;
  std::vector<bool> dark_;
};

}  // namespace authctl::credential
