// A security key of software, for tests: the interface that ssh-keygen and ssh-agent load (OpenSSH's sk-api.h,
// version 10). The secret is the key handle itself, so it protects nothing.
//
// Each signature needs a touch: a file at $TOUCH, which the signature uses up. Without one it fails, as a real key
// does when nobody touches it in time.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ED25519 = 1, FAILED = -1, UNSUPPORTED = -2, KEY_BYTES = 32, HASH_BYTES = 32, SIGNATURE_BYTES = 64 };
enum { NID_ED25519 = 1087 };

// From libcrypto, declared here so that its headers need not be installed.
void *EVP_PKEY_new_raw_private_key(int type, void *engine, const uint8_t *key, size_t length);
int EVP_PKEY_get_raw_public_key(const void *key, uint8_t *public_key, size_t *length);
void *EVP_MD_CTX_new(void);
int EVP_DigestSignInit(void *context, void **key_context, const void *digest, void *engine, void *key);
int EVP_DigestSign(void *context, uint8_t *signature, size_t *length, const uint8_t *text, size_t text_length);
int RAND_bytes(uint8_t *bytes, int length);
uint8_t *SHA256(const uint8_t *text, size_t length, uint8_t *hash);

struct enrolled {
    uint8_t flags;
    uint8_t *public_key;
    size_t public_key_length;
    uint8_t *handle;
    size_t handle_length;
    uint8_t *signature;
    size_t signature_length;
    uint8_t *certificate;
    size_t certificate_length;
    uint8_t *data;
    size_t data_length;
};

struct signed_response {
    uint8_t flags;
    uint32_t counter;
    uint8_t *first;
    size_t first_length;
    uint8_t *second;
    size_t second_length;
};

static void *pair_of(const uint8_t *secret) {
    return EVP_PKEY_new_raw_private_key(NID_ED25519, NULL, secret, KEY_BYTES);
}

uint32_t sk_api_version(void) {
    return 0x000a0000;
}

int sk_enroll(uint32_t algorithm, const uint8_t *challenge, size_t challenge_length, const char *application,
              uint8_t flags, const char *pin, void **options, struct enrolled **answer) {
    (void)challenge, (void)challenge_length, (void)application, (void)pin, (void)options;
    if (algorithm != ED25519) return UNSUPPORTED;
    struct enrolled *made = calloc(1, sizeof *made);
    made->flags = flags;
    made->handle = calloc(1, made->handle_length = KEY_BYTES);
    made->public_key = calloc(1, made->public_key_length = KEY_BYTES);
    if (RAND_bytes(made->handle, KEY_BYTES) != 1) return FAILED;
    void *pair = pair_of(made->handle);
    if (!pair || EVP_PKEY_get_raw_public_key(pair, made->public_key, &made->public_key_length) != 1) return FAILED;
    *answer = made;
    return 0;
}

int sk_sign(uint32_t algorithm, const uint8_t *text, size_t text_length, const char *application,
            const uint8_t *handle, size_t handle_length, uint8_t flags, const char *pin, void **options,
            struct signed_response **answer) {
    (void)pin, (void)options;
    if (algorithm != ED25519 || handle_length != KEY_BYTES) return UNSUPPORTED;
    const char *touch = getenv("TOUCH");
    if (!touch || unlink(touch) != 0) return FAILED;
    // What is signed: hash of the application, flags, a counter of four bytes, hash of the text.
    uint8_t whole[HASH_BYTES + 1 + 4 + HASH_BYTES] = {0};
    SHA256((const uint8_t *)application, strlen(application), whole);
    whole[HASH_BYTES] = flags;
    whole[HASH_BYTES + 4] = 1;
    SHA256(text, text_length, whole + HASH_BYTES + 5);
    struct signed_response *made = calloc(1, sizeof *made);
    made->flags = flags;
    made->counter = 1;
    made->first = calloc(1, made->first_length = SIGNATURE_BYTES);
    void *pair = pair_of(handle), *context = EVP_MD_CTX_new();
    if (!pair || !context || EVP_DigestSignInit(context, NULL, NULL, NULL, pair) != 1) return FAILED;
    if (EVP_DigestSign(context, made->first, &made->first_length, whole, sizeof whole) != 1) return FAILED;
    *answer = made;
    return 0;
}

int sk_load_resident_keys(const char *pin, void **options, void ***keys, size_t *count) {
    (void)pin, (void)options, (void)keys, (void)count;
    return UNSUPPORTED;
}
