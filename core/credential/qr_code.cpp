#include "core/credential/qr_code.h"

#include <png.h>
#include <qrencode.h>

#include <memory>

#include "core/base/error.h"
#include "core/base/shared_library.h"

namespace authctl::credential {
namespace {

constexpr int quiet = 4;             // modules
constexpr int pixels = 8;            // a module
constexpr int largest_version = 13;  // 69 modules: 77 columns
constexpr std::string_view upper_half = "\u2580", lower_half = "\u2584", both_halves = "\u2588";

[[noreturn]] void no_memory() { throw base::Error{base::ErrorCode::internal, "no QR code could be drawn"}; }

}  // namespace

QrCode::QrCode(const base::Secret& text) {
  static const base::SharedLibrary library("libqrencode.so.4", "libqrencode4");
  static auto* const encode =
      library.function<QRcode*(int, const unsigned char*, int, QRecLevel)>("QRcode_encodeData");
  static auto* const free_code = library.function<void(QRcode*)>("QRcode_free");
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      encode(static_cast<int>(text.size()), text.reveal().data(), 0, QR_ECLEVEL_L), free_code);
  if (!code || code->version > largest_version)
    throw base::Error{base::ErrorCode::invalid, "the name and the issuer are too long for a QR code",
                      "use a shorter --issuer, or --uri"};
  width_ = code->width + 2 * quiet;
  dark_.assign(static_cast<std::size_t>(width_ * width_), false);
  for (int y = 0; y < code->width; ++y)
    for (int x = 0; x < code->width; ++x)
      dark_[static_cast<std::size_t>((y + quiet) * width_ + x + quiet)] =
          (code->data[y * code->width + x] & 1) != 0;
  base::wipe(code->data, static_cast<std::size_t>(code->width * code->width));
}

std::string QrCode::half_blocks() const {
  std::string text;
  for (int y = 0; y < width_; y += 2) {
    for (int x = 0; x < width_; ++x) {
      const bool upper = !dark(x, y), lower = y + 1 < width_ && !dark(x, y + 1);
      text += upper && lower ? both_halves : upper ? upper_half : lower ? lower_half : " ";
    }
    text += '\n';
  }
  return text;
}

std::string QrCode::svg() const {
  const auto size = std::to_string(width_);
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + ' ' + size +
                     "\" width=\"" + std::to_string(width_ * pixels) + "\" height=\"" +
                     std::to_string(width_ * pixels) +
                     "\" shape-rendering=\"crispEdges\">\n<rect width=\"100%\" height=\"100%\" "
                     "fill=\"#fff\"/>\n<path fill=\"#000\" d=\"";
  for (int y = 0; y < width_; ++y)
    for (int x = 0; x < width_; ++x) {
      if (!dark(x, y)) continue;
      const int begin = x;
      while (dark(x + 1, y)) ++x;  // the last module of a row is light
      text += 'M' + std::to_string(begin) + ' ' + std::to_string(y) + 'h' + std::to_string(x + 1 - begin) +
              "v1H" + std::to_string(begin) + 'z';
    }
  return text + "\"/>\n</svg>\n";
}

base::Bytes QrCode::png() const {
  static const base::SharedLibrary library("libpng16.so.16", "libpng16-16");
  static auto* const write =
      library.function<int(png_imagep, void*, png_alloc_size_t*, int, const void*, png_int_32, const void*)>(
          "png_image_write_to_memory");
  const int side = width_ * pixels;
  base::Bytes gray(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      gray[static_cast<std::size_t>(y * side + x)] = dark(x / pixels, y / pixels) ? 0 : 255;
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  base::Bytes file(gray.size() + 4096);
  png_alloc_size_t size = file.size();
  if (!write(&image, file.data(), &size, 0, gray.data(), side, nullptr)) no_memory();
  file.resize(size);
  base::wipe(gray.data(), gray.size());
  return file;
}

}  // namespace authctl::credential
