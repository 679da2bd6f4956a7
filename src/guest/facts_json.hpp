// The facts of a guest as JSON. They are many: what writes and reads them is compiled once and not wherever a report is
// written (20 s a time).
#pragma once

#include <imgport/guest_facts.hpp>

#include "support/json_fields.hpp"

namespace imgport {

extern template Json to_json(const GuestFacts &value);
extern template void from_json(const Json &json, GuestFacts &value);

}  // namespace imgport
