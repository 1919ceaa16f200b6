"""What a PDF/A-3 with an invoice says about itself (XMP), with the extension schema of Factur-X."""

from __future__ import annotations

from xml.sax.saxutils import escape

from accounting.documents.contents import InvoiceContent
from accounting.documents.words import title


def xml_name(content: InvoiceContent) -> str:
    """The name of the XML inside of the PDF, which the standard fixes."""
    return "xrechnung.xml" if content.is_xrechnung else "factur-x.xml"


def xmp(content: InvoiceContent) -> str:
    """The metadata. Nothing in it but the content: its date is the day of issue."""
    moment = f"{content.issued_on.isoformat()}T00:00:00Z"
    return _FRAME.format(
        title=escape(title(content)),
        creator=escape(content.issuer.name),
        language=content.language,
        moment=moment,
        file=xml_name(content),
        version="3.0" if content.is_xrechnung else "1.0",
        level="XRECHNUNG" if content.is_xrechnung else "EN 16931",
        properties="".join(_PROPERTY.format(name=name, meaning=meaning) for name, meaning in _PROPERTIES.items()),
    )


_PROPERTIES = {
    "DocumentFileName": "name of the embedded XML invoice file",
    "DocumentType": "INVOICE",
    "Version": "version of the XML schema",
    "ConformanceLevel": "conformance level of the embedded XML data",
}
_PROPERTY = """
        <rdf:li rdf:parseType="Resource">
         <pdfaProperty:name>{name}</pdfaProperty:name>
         <pdfaProperty:valueType>Text</pdfaProperty:valueType>
         <pdfaProperty:category>external</pdfaProperty:category>
         <pdfaProperty:description>{meaning}</pdfaProperty:description>
        </rdf:li>"""
_FRAME = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
  <pdfaid:part>3</pdfaid:part>
  <pdfaid:conformance>B</pdfaid:conformance>
 </rdf:Description>
 <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <dc:format>application/pdf</dc:format>
  <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
  <dc:creator><rdf:Seq><rdf:li>{creator}</rdf:li></rdf:Seq></dc:creator>
  <dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
 </rdf:Description>
 <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
  <xmp:CreatorTool>Stammhaus</xmp:CreatorTool>
  <xmp:CreateDate>{moment}</xmp:CreateDate>
  <xmp:ModifyDate>{moment}</xmp:ModifyDate>
 </rdf:Description>
 <rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
  <fx:DocumentType>INVOICE</fx:DocumentType>
  <fx:DocumentFileName>{file}</fx:DocumentFileName>
  <fx:Version>{version}</fx:Version>
  <fx:ConformanceLevel>{level}</fx:ConformanceLevel>
 </rdf:Description>
 <rdf:Description rdf:about=""
   xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
   xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
   xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
  <pdfaExtension:schemas>
   <rdf:Bag>
    <rdf:li rdf:parseType="Resource">
     <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
     <pdfaSchema:namespaceURI>urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#</pdfaSchema:namespaceURI>
     <pdfaSchema:prefix>fx</pdfaSchema:prefix>
     <pdfaSchema:property>
      <rdf:Seq>{properties}
      </rdf:Seq>
     </pdfaSchema:property>
    </rdf:li>
   </rdf:Bag>
  </pdfaExtension:schemas>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>"""
