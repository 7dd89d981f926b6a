import cf from 'cloudfront';

// Redirects by a table, the key value store. A key is a path in its canonical form. Its value is a target, and before it
// the status if that is not 301: "/team", "302 https://www.example.com/team".
//
// A location has the target and the viewer's query string, and never a host or a path that the viewer sent. People may
// edit the store, so a value of another form is ignored. Whatever fails, the request goes on as if it had no redirect.
//
// The runtime has ECMAScript 5.1 and some features of later versions. It has no for-of, destructuring or spread:
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
const table = cf.kvs();

const LONGEST_KEY = 512;
// A URL must be shorter: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const LONGEST_LOCATION = 8192;
// Two slashes at the beginning would lead to another host, and so would a backslash in some browsers.
const VALUE = /^(?:(30[1278]) )?((?:https:\/\/[a-z0-9.-]+)?\/(?!\/)[A-Za-z0-9_.~!$&'()*+,;=:@\/?%-]*)$/;
const REASONS = {
    '301': 'Moved Permanently',
    '302': 'Found',
    '307': 'Temporary Redirect',
    '308': 'Permanent Redirect',
};

async function handler(event) {
    const request = event.request;
    // A key whose characters are all escaped is three times as long. Longer paths would take CloudFront's time.
    const path = request.uri.length > 3 * LONGEST_KEY ? null : canonicalPath(request.uri);
    if (path === null || path.length > LONGEST_KEY) {
        return request;
    }
    let value = '';
    try {
        value = await table.get(path);
    } catch (error) {
        return request; // The table has no such key, or is not ready.
    }
    const found = VALUE.exec(value);
    const query = escaped(request.rawQueryString() || '');
    if (!found || query === null || leadsTo(found[2], path, request.headers.host)) {
        return request;
    }
    return redirect(found[1] || '301', found[2], query);
}

function redirect(status, target, query) {
    const location = target + (query && (target.indexOf('?') < 0 ? '?' : '&') + query);
    if (location.length >= LONGEST_LOCATION) {
        return { statusCode: 414, statusDescription: 'URI Too Long', headers: { 'cache-control': { value: 'no-store' } } };
    }
    // Browsers keep permanent redirects for an hour only, so that a mistake can be corrected.
    const kept = status === '301' || status === '308' ? 'max-age=3600' : 'no-store';
    return {
        statusCode: Number(status),
        statusDescription: REASONS[status],
        headers: { location: { value: location }, 'cache-control': { value: kept } },
    };
}

// Whether a target is the path itself. The browser would ask for it again and again.
function leadsTo(target, path, host) {
    const site = host ? 'https://' + host.value.toLowerCase() : '';
    const local = target.indexOf(site + '/') === 0 ? target.slice(site.length) : target;
    return canonicalPath(local.split('?')[0]) === path;
}

// A path that is normalized by RFC 3986, without empty segments and without a slash or index.html at its end.
function canonicalPath(uri) {
    const text = escaped(uri);
    if (text === null) {
        return null;
    }
    const all = text.replace(/%[0-9A-Fa-f]{2}/g, unescaped).split('/');
    const segments = [];
    for (let i = 0; i < all.length; i++) {
        if (all[i] === '..') {
            segments.pop();
        } else if (all[i] !== '' && all[i] !== '.') {
            segments.push(all[i]);
        }
    }
    while (segments.length > 0 && segments[segments.length - 1] === 'index.html') {
        segments.pop();
    }
    return '/' + segments.join('/');
}

// Escapes what a URL cannot contain, and keeps the escapes that it has. It is null for half of a surrogate pair.
function escaped(text) {
    try {
        return encodeURI(text).replace(/%25([0-9A-Fa-f]{2})/g, '%$1').replace(/#/g, '%23');
    } catch (error) {
        return null;
    }
}

// Unescapes characters that need no escape. An escaped slash is a slash, because it is a slash for S3.
function unescaped(sequence) {
    const character = String.fromCharCode(parseInt(sequence.slice(1), 16));
    return /[A-Za-z0-9_.~\/-]/.test(character) ? character : sequence.toUpperCase();
}
