#include <imgport/guest_facts.hpp>

#include "support/json_fields.hpp"

namespace imgport {

template void from_json(const Json &json, GuestFacts &value);

}  // namespace imgport
