#include "core/base/picture.h"

#include "core/base/error.h"
#include "core/base/shared_library.h"

namespace authctl::base {
namespace {

// What of cairo's C interface is used (cairographics.org/manual, 1.2 and later); its own headers would bring
// those of X11 along.
struct Surface;
struct Context;
struct TextExtents {
  double x_bearing, y_bearing, width, height, x_advance, y_advance;
};
using Write = int(void* closure, const unsigned char* data, unsigned int length);

struct Cairo {
  SharedLibrary library{"libcairo.so.2", "libcairo2"};
  template <class F>
  F* get(const char* name) const {
    return library.function<F>(name);
  }
  Surface* (*svg_surface)(Write*, void*, double, double) =
      get<Surface*(Write*, void*, double, double)>("cairo_svg_surface_create_for_stream");
  Surface* (*image_surface)(int, int, int) = get<Surface*(int, int, int)>("cairo_image_surface_create");
  int (*write_png)(Surface*, Write*,
                   void*) = get<int(Surface*, Write*, void*)>("cairo_surface_write_to_png_stream");
  void (*finish)(Surface*) = get<void(Surface*)>("cairo_surface_finish");
  void (*free_surface)(Surface*) = get<void(Surface*)>("cairo_surface_destroy");
  int (*surface_status)(Surface*) = get<int(Surface*)>("cairo_surface_status");
  Context* (*context)(Surface*) = get<Context*(Surface*)>("cairo_create");
  void (*free_context)(Context*) = get<void(Context*)>("cairo_destroy");
  int (*context_status)(Context*) = get<int(Context*)>("cairo_status");
  void (*colour)(Context*, double, double,
                 double) = get<void(Context*, double, double, double)>("cairo_set_source_rgb");
  void (*rectangle)(Context*, double, double, double,
                    double) = get<void(Context*, double, double, double, double)>("cairo_rectangle");
  void (*fill)(Context*) = get<void(Context*)>("cairo_fill");
  void (*font)(Context*, const char*, int,
               int) = get<void(Context*, const char*, int, int)>("cairo_select_font_face");
  void (*font_size)(Context*, double) = get<void(Context*, double)>("cairo_set_font_size");
  void (*move)(Context*, double, double) = get<void(Context*, double, double)>("cairo_move_to");
  void (*measure)(Context*, const char*,
                  TextExtents*) = get<void(Context*, const char*, TextExtents*)>("cairo_text_extents");
  void (*show)(Context*, const char*) = get<void(Context*, const char*)>("cairo_show_text");
};

int append(void* closure, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
  return 0;
}

void draw(const Cairo& cairo, Context* context, const Picture& picture) {
  cairo.colour(context, 1, 1, 1);
  cairo.rectangle(context, 0, 0, picture.width, picture.height);
  cairo.fill(context);
  for (const auto& box : picture.boxes) {
    cairo.colour(context, box.colour.red, box.colour.green, box.colour.blue);
    cairo.rectangle(context, box.x, box.y, box.width, box.height);
    cairo.fill(context);
  }
  cairo.font(context, "sans-serif", 0, 0);
  for (const auto& words : picture.words) {
    cairo.colour(context, words.colour.red, words.colour.green, words.colour.blue);
    cairo.font_size(context, words.size);
    TextExtents extents{};
    cairo.measure(context, words.text.c_str(), &extents);
    const double shift = words.anchor == Anchor::left     ? 0
                         : words.anchor == Anchor::middle ? extents.x_advance / 2
                                                          : extents.x_advance;
    cairo.move(context, words.x - shift, words.y);
    cairo.show(context, words.text.c_str());
  }
}

}  // namespace

std::string render(const Picture& picture, PictureFormat format) {
  static const Cairo cairo;
  constexpr int rgb24 = 1;
  std::string bytes;
  Surface* surface =
      format == PictureFormat::svg
          ? cairo.svg_surface(append, &bytes, picture.width, picture.height)
          : cairo.image_surface(rgb24, static_cast<int>(picture.width), static_cast<int>(picture.height));
  Context* context = cairo.context(surface);
  draw(cairo, context, picture);
  int failed = cairo.context_status(context);
  cairo.free_context(context);
  if (failed == 0 && format == PictureFormat::png) failed = cairo.write_png(surface, append, &bytes);
  cairo.finish(surface);
  if (failed == 0) failed = cairo.surface_status(surface);
  cairo.free_surface(surface);
  if (failed != 0)
    throw Error(ErrorCode::io, "cairo cannot draw the picture (status " + std::to_string(failed) + ")",
                "install fonts-dejavu-core, or leave the picture out");
  return bytes;
}

}  // namespace authctl::base
