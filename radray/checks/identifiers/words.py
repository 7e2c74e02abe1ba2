"""Words of names and of reports: given names, and capitalised words of reports that are nobody's name."""

from functools import lru_cache

from radray.checks.identifiers.kinds import word_set
from radray.language.ordinary_words import MEDICAL, MEDICAL_ENDINGS, NEVER_NAMES

GIVEN_NAMES = word_set(
    """
    aaron abigail adam adrian ahmed aisha alan albert alejandro alex alexander alexandra alexis alfred ali alice
    alicia allison amanda amber amelia amy ana andrea andrew andrzej angela anita ann anna anne annie anthony
    antonio arthur ashley austin barbara beatrice benjamin bernard beth bethany betty beverly bob bonnie
    bradley brandon brenda brian brittany bruce bryan caleb carl carla carlos carmen carol caroline carolyn
    catherine charles charlotte cheryl chloe chris christian christina christine christopher cindy claire clara
    connie craig crystal cynthia daniel danielle david deborah debra denise dennis derek diana diane dmitri
    dolores donald donna dorothy douglas dylan edith edward edwin eileen elaine eleanor elena elizabeth ella ellen
    emily emma enrique eric erica erik ernest esther ethan eugene eva evelyn fatima felix fernando florence frances
    francis fred gabriel gail gary george gerald gina giovanni gladys glenn gloria greg gregory gustavo
    hannah hans harold harry hassan hazel heather hector helen henry herbert hiroshi howard hugo ian ibrahim ida
    irene isabel isabella ivan jackie jacob jacqueline james jamie jan jane janet janice jason javier jean jeff
    jeffrey jennifer jeremy jerry jesse jessica jesus jill jim jimmy joan joe joel johann john johnny jon jonathan
    jordan jorge jose josef joseph josephine joshua joyce juan judith judy julia julian julie justin karen karl
    katherine kathleen kathryn katie keith kelly kenneth kevin kimberly klaus kyle larry latoya laura lauren
    lawrence leah lee leo leon leonard leroy leslie liam lillian linda lisa lois lori louis louise lucas lucia lucy
    luis luke lydia lynn madison manuel marcus margaret maria marie marilyn mario martha martin marvin mary
    mason matthew maureen megan mehmet melanie melissa melvin michael michelle miguel mildred mohamed mohammed
    monica muhammad nancy natalie natasha nathan neil nicholas nicole nina noah nora norma norman olga oliver olivia
    omar oscar pablo pamela patricia patrick paul paula pauline pedro peggy peter philip phillip phyllis piotr priya
    rachel rafael ralph ramon randy raymond rebecca regina ricardo richard rita robert roberta roberto robin rodney
    roger ronald rosa rosemary roy ruby russell ruth ryan sally samantha samuel sandra sara sarah scott sean
    sergei shannon sharon shawn sheila sherry shirley sofia sophia stanley stefan stella stephanie stephen steve
    steven stuart susan suzanne sylvia tamara tammy tanya teresa terry theresa thomas tiffany tim timothy tina todd
    tom tony tracy travis tyler valerie vanessa vera veronica vicki victoria vincent viola virginia vivian
    vladimir walter wanda warren wayne wendy wilhelm william yolanda yusuf yvonne zachary zoe
    """
)
"""Common given names of the United States' censuses, and a few of other languages, without words of reports (frank,
mark). One alone counts for nothing."""

OF_REPORTS = word_set(
    """
    abscess added additional adult afternoon agree also ambulatory american anaesthesia anesthesia anterior
    anteroposterior antibiotic aorta aortic apical appendix april artefact artery artifact ascending assess
    assessment associated attending august autumn axial axilla base bases basilar be bedside between bifid bladder
    blood body border brachial branch bronchial bronchus calcified calf can cancer cardiology care carina carotid
    catheterization cavity cecum center central centre change children childrens city clavicle clinic coccyx college
    colon combined common community compared comparison complex consistent consult contour contours contralateral
    contusion coronal coronary cortex cortical could county course cranial cuff cuffed cyst daily data date dated
    day december decubitus deep delayed dense department dependent dermatology descending details device diaphragm
    difficult digital direct disc discharge discs disk distal dobhoff dome dorsal dr drain duct duodenum east
    effusion emergency emphysema enlarged enteric epidural equivocal established evaluation evening ever exams
    external extremity eye eyes face facial fall family fat features february fellow female fever few fibula field
    final finger first five flexion focal following foramen forearm foreign four fracture fractures friday frontal
    gas gastric gastroenterology gender general gland good gross gynecology health heel hematology hemi
    hemidiaphragm hickman high hila hilar hilum home horizontal hospital however humerus ileum iliac imaging implant
    incidental incidentally indeterminate index infant infectious inferior initial inpatient insert inspiration
    inspiratory institution intact intensive interior internal interventional intravenous ischium january jejunum
    joint joints jugular july june knees last later length level linear lingula little local long lordotic lower
    lumen lymph main major male malleolus mandible many march marked markings mature maxilla may mean measured
    median mediastinal mediastinum medical medication medicine memorial mesh metal metallic metatarsal mid middle
    midline midnight minor monday more morning most mr much multiple muscle name names nasogastric national neonatal
    nephrology nerve neurology neurosurgery never new newborn night no none nonspecific noon north not november now
    number nursing oblique obliques obstetrics obtained occult october old oncology one only optic oral orbit orbits
    orthopaedic orthopedic orthopedics osseous other others our outpatient outside ovaries ovary overall overlying
    own oxygen pacemaker pacer page pain pancreas paranasal part partially past patella patent pathology patients
    pediatric pediatrics penetrating perforated pericardial peripheral permacath phase phone physical physician
    physicians plain plan plate please pleura pleural point poor port portal position positive possible possibly
    posterior posteroanterior power pre preliminary presence present previous previously primary prior priors
    probably procedural procedure prognosis progress prominent prostate provided proximal psychiatry pubic
    pulmonology pulse quadrant quality quick radial radiologic radiological radiologist radiologists radiology
    radius recent region regional rehabilitation related relative removed request required resection resident
    residual respiratory result retained retrocardiac room routine rule sacral sacrum sagittal saint same saturday
    scapula screening second section see segment semi september septum series service several severity sex shift
    short should sign signature signs silhouette since single site six size skin slight slightly society soft some
    sonographer south spiral spleen spring stage standard standing state station stent sternal sternotomy sternum
    still stomach street study submitted subsegmental such suggest summer sunday superior supine supraclavicular
    surgeon surgery surgical survey suture swallow symptoms system team technologist temporal tendon tertiary test
    testis than then thigh third three throat thursday thus thyroid tip tissue tissues to today toe total trachea
    tracheal trauma traumatic treated treatment triage tuesday tunneled two type typical ulna ulnar ultrasound
    umbilical under underlying unit university unremarkable until upright urgent urinary urology use uterus valve
    valvular vascular vasculature vein vena venous ventral ventricle ventricular vertebra vertebrae vertebral very
    visible visit visualised visualized void wall wards was wednesday weight well west when whether while white
    whole wide winter with without women womens worker would wrists years yes you young zone
    """
)
"""Capitalised words of reports that are nobody's name: of headings and wards."""

EPONYMS = word_set(
    """
    addison agatston albright alzheimer alzheimers amplatzer aspirin austin baastrup baker bankart barrett bartholin
    barton battle bechterew becker behcet bell bence bennett bennetts billroth bjork blakemore blalock blount
    blumensaat bochdalek boerhaave bohler bosniak bowman boxer breslow broviac budd burkitt caffey caldwell calot
    calve camurati canadian cantlie caplan caroli carpentier castleman celect chance charcot charnley chester chiari
    chopart christian churg clark cobb codman colles cooper couinaud coumadin covid crawford crohn crohns cushing
    dandy danlos debakey denis denver dobhoff doppler dorfman dotarem douglas down dressler drummond duchenne
    duverney edwards ehlers engelmann eovist erdheim essex ewing fabry feil felty fentanyl feraheme fleischner foley
    fontan forestier fort fowler framingham freiberg gadavist galeazzi galen gamekeeper ganz garden garland gartland
    gartner gasserian gaucher geneva gerota gianturco gissane glasgow gleason glenn goodpasture graves greenfield
    groshong gunther gustilo haglund hampton hancock hand hangman hansen harrington harris hartmann hashimoto
    hawkins hemovac henle henoch heparin hesselbach hickman hill hippel hirschsprung hodgkin hodgkins hoffa hohl
    horner hounsfield hunter huntington hurler hurst ideberg ilizarov insall isovue jackson jefferson johansson
    jones jude judet kaposi kasai kawasaki kellgren kerley kienbock kienboeck kirschner klatskin klinefelter klippel
    kohler krukenberg kuntscher labbe lachman langerhans larsen lasix lauge lawrence le legg lemierre letterer
    leveen lindau lisfranc loffler lopresti lovenox ludwig luque luschka madelung maffucci magendie magnevist
    maisonneuve malgaigne mallory malpighi marfan marie mason mayer mccune mcmurray meckel meckels medtronic merkel
    meyerding miller milroy mirizzi modic monro monteggia moore morgagni morison morquio morton mueller muller
    mullerian multihance naboth nabothian neer nexus niemann nissen oddi ogilvie ollier ommaya omnipaque osgood
    osgoode osler ottawa outerbridge paget pagets pancoast panner paprosky parkinson parkinsons pauwels pellegrini
    penrose perthes pfirrmann pick pleurx pott potts poupart pratt preiser propofol quincke rathke raynaud
    recklinghausen reiter rendu retzius richter rickham riedel riolan rockwood rokitansky rolandic rolando rosai
    rosenthal ross rouviere roux rush sachs saint salter salvati sanders santorini sapien schatzker schatzki
    scheuermann scheuermanns schlatter schmorl schmorls schonlein schuller segond sengstaken sever sezary shiley
    sinding siwe sjogren skene smith smiths spiegel spigelian sprengel spurling stanford starr steinmann stener
    stenver stieda still strauss sturge sudeck swan sylvian takayasu tarlov taussig thompson tillaux tobias tooth
    towne treitz trenaunay trendelenburg tscherne tulip turner tylenol valsalva vancouver vater versed vincent
    virchow visipaque von waldenstrom walker warfarin watchman water waters weber wegener weiss wells westermark
    whipple willebrand willis wilms wirsung wolffian zenker zuckerkandl
    """
)
"""Names of diseases, signs, classes and devices: not a patient's in "Smith fracture", and one in "Patient: Smith"."""


def is_ordinary(word: str) -> bool:
    """Return whether `word`, in lower case, is one of reports, eponyms too: no name unless a title goes before it."""
    return word.removesuffix("'s") in EPONYMS or is_of_reports(word)


@lru_cache(maxsize=8192)
def is_of_reports(word: str) -> bool:
    """Return whether `word`, in lower case, is of findings, headings or sentences: behind a label no name either."""
    word = word.removesuffix("'s")
    return (
        len(word) < 2
        or word in OF_REPORTS
        or word in MEDICAL
        or word in NEVER_NAMES
        or (word.endswith("s") and (word[:-1] in OF_REPORTS or word[:-1] in MEDICAL))
        or MEDICAL_ENDINGS.fullmatch(word) is not None
    )
