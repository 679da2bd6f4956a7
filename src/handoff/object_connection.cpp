#include "handoff/object_connection.hpp"

#include <algorithm>

namespace imgport {

Result<ObjectConnection> connect(const ObjectDestination &destination)
{
    auto const address = store_address(destination);
    if (!address)
        return fail(address.error());
    ObjectConnection made{.http = make_http_transport()};
    made.who = address->dialect == StoreDialect::oss ? alibaba_credentials(*made.http) : aws_credentials(*made.http);
    auto store = make_object_store(*address, *made.http, *made.who);
    if (!store)
        return fail(store.error());
    made.store = std::move(*store);
    return made;
}

Result<void> check_destination(std::string_view destination, const UploadOptions &options)
{
    if (!is_object_destination(destination))
        return {};
    auto const parsed = parse_object_destination(destination, options);
    if (!parsed)
        return fail(parsed.error());
    auto const connection = connect(*parsed);
    if (!connection)
        return fail(connection.error());
    if (auto const keys = connection->who->get(); !keys)
        return fail(keys.error());
    return {};
}

RetryPolicy retry_policy(const UploadOptions &options)
{
    return {.attempts = options.retries + 1};
}

RetryPolicy first_contact_policy(const UploadOptions &options)
{
    return {.attempts = std::min(options.retries, 3U) + 1};
}

}  // namespace imgport
