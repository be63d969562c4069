// Package xmlscan reads XML of banks token by token, fast and strict.
//
// It is a well-formedness checker for the part of XML that bank messages use:
// one root, matching tags, unique attributes, the five named entities and
// character references, comments, CDATA, processing instructions, UTF-8,
// ISO-8859-1 or GB18030 by declaration. A DOCTYPE is refused before anything in
// it is looked at, elements nest at most MaxDepth deep, and one token is at most
// MaxToken long, so memory stays bounded for a document of any size.
//
// Namespaces are not resolved: names are compared by their local part, since
// real files carry missing, wrong and prefixed namespaces.
package xmlscan
