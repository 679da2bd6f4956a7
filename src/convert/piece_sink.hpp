// Where the pieces of an image go that is being made.
#pragma once

#include "format/image_writer.hpp"

namespace imgport {

class ImageMaking;

class PieceSink : public ImageWriter::Output {
public:
    // Before each piece is given its place, and before the image is finished; one call at a time.
    virtual void about_to_place(const ImageMaking & /*making*/) {}
    // The piece has its place. In order, one call at a time.
    virtual Result<void> take(const Piece & /*piece*/) { return {}; }
    // After that; several threads at once, in any order.
    virtual Result<void> store(const Piece & /*piece*/) { return {}; }
};

}  // namespace imgport
