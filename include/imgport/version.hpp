#pragma once

namespace imgport {

// "MAJOR.MINOR.PATCH"
const char *version();

}  // namespace imgport
