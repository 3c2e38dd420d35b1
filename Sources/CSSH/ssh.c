// The functions of libssh that are used: one that is missing here is missing when the program is linked.
#include "shim.h"
#include "lazy.h"

#define LIBRARY "libssh.so.4"

LAZY(void, ssh_channel_free, (ssh_channel channel), (channel))
LAZY(int, ssh_channel_is_closed, (ssh_channel channel), (channel))
LAZY(int, ssh_channel_is_eof, (ssh_channel channel), (channel))
LAZY(ssh_channel, ssh_channel_new, (ssh_session session), (session))
LAZY(int, ssh_channel_open_session, (ssh_channel channel), (channel))
LAZY(int, ssh_channel_read_timeout,
     (ssh_channel channel, void *dest, uint32_t count, int is_stderr, int timeout_ms),
     (channel, dest, count, is_stderr, timeout_ms))
LAZY(int, ssh_channel_request_exec, (ssh_channel channel, const char *cmd), (channel, cmd))
LAZY(int, ssh_channel_send_eof, (ssh_channel channel), (channel))
LAZY(int, ssh_channel_write, (ssh_channel channel, const void *data, uint32_t len), (channel, data, len))
LAZY(int, ssh_connect, (ssh_session session), (session))
LAZY(void, ssh_disconnect, (ssh_session session), (session))
LAZY(int, ssh_event_add_session, (ssh_event event, ssh_session session), (event, session))
LAZY(int, ssh_event_dopoll, (ssh_event event, int timeout), (event, timeout))
LAZY(void, ssh_event_free, (ssh_event event), (event))
LAZY(ssh_event, ssh_event_new, (void), ())
LAZY(int, ssh_event_remove_session, (ssh_event event, ssh_session session), (event, session))
LAZY(void, ssh_free, (ssh_session session), (session))
LAZY(const char *, ssh_get_error, (void *error), (error))
LAZY(int, ssh_get_poll_flags, (ssh_session session), (session))
LAZY(int, ssh_get_server_publickey, (ssh_session session, ssh_key *key), (session, key))
LAZY(int, ssh_get_status, (ssh_session session), (session))
LAZY(int, ssh_is_connected, (ssh_session session), (session))
LAZY(void, ssh_key_free, (ssh_key key), (key))
LAZY(enum ssh_keytypes_e, ssh_key_type, (const ssh_key key), (key))
LAZY(const char *, ssh_key_type_to_char, (enum ssh_keytypes_e type), (type))
LAZY(ssh_session, ssh_new, (void), ())
LAZY(int, ssh_options_set, (ssh_session session, enum ssh_options_e type, const void *value), (session, type, value))
LAZY(int, ssh_pki_export_privkey_base64,
     (const ssh_key privkey, const char *passphrase, ssh_auth_callback auth_fn, void *auth_data, char **b64_key),
     (privkey, passphrase, auth_fn, auth_data, b64_key))
LAZY(int, ssh_pki_export_pubkey_base64, (const ssh_key key, char **b64_key), (key, b64_key))
LAZY(int, ssh_pki_generate, (enum ssh_keytypes_e type, int parameter, ssh_key *pkey), (type, parameter, pkey))
LAZY(int, ssh_pki_import_privkey_base64,
     (const char *b64_key, const char *passphrase, ssh_auth_callback auth_fn, void *auth_data, ssh_key *pkey),
     (b64_key, passphrase, auth_fn, auth_data, pkey))
LAZY(int, ssh_pki_import_privkey_file,
     (const char *filename, const char *passphrase, ssh_auth_callback auth_fn, void *auth_data, ssh_key *pkey),
     (filename, passphrase, auth_fn, auth_data, pkey))
LAZY(int, ssh_remove_channel_callbacks, (ssh_channel channel, ssh_channel_callbacks cb), (channel, cb))
LAZY(int, ssh_send_keepalive, (ssh_session session), (session))
LAZY(void, ssh_set_blocking, (ssh_session session, int blocking), (session, blocking))
LAZY(int, ssh_set_channel_callbacks, (ssh_channel channel, ssh_channel_callbacks cb), (channel, cb))
LAZY(void, ssh_set_counters,
     (ssh_session session, ssh_counter scounter, ssh_counter rcounter), (session, scounter, rcounter))
LAZY(void, ssh_string_free_char, (char *s), (s))
LAZY(int, ssh_userauth_agent, (ssh_session session, const char *username), (session, username))
LAZY(int, ssh_userauth_publickey,
     (ssh_session session, const char *username, const ssh_key privkey), (session, username, privkey))
