#pragma once

namespace imgport {

// Whether an output may replace a file that is there already.
enum class Overwrite { no, yes };

}  // namespace imgport
