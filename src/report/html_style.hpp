// The style sheet of the HTML report.
#pragma once

#include <string_view>

namespace imgport {

extern const std::string_view html_style;

}  // namespace imgport
